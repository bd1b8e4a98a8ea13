import EventJSON

/// An HTTP endpoint: `targets.*.http`.
public struct HTTPTargetSettings: Sendable {
    /// What stands in a secret's place where a URL is shown.
    public static let blot = "•••"

    /// The endpoint; placeholders stand in path and query alone.
    public var url: Template
    /// The endpoint as it is shown: no credentials, and nothing that came from outside the file behind its host.
    public var shown: Template
    /// What is left out there, and what else of that kind is never shown.
    public var secrets: [String] = []
    /// The method.
    public var method = "POST"
    /// Headers beside the relay's own.
    public var headers: [(name: String, value: Template)] = []
    /// Keys of a Standard Webhooks signature, decoded; empty for none.
    public var signingKeys: [[UInt8]] = []
    /// Requests are signed for AWS.
    public var aws: AWSSettings?
    /// Requests carry an access token that the relay gets for itself.
    public var oauth2: OAuth2Settings?
    /// How the endpoint is connected to.
    public var connection = ConnectionSettings()

    /// An endpoint.
    public init(url: Template) {
        self.url = url
        shown = url
    }
}

/// For which service of AWS requests are signed, and with whose key: `http.aws`.
public struct AWSSettings: Sendable, Equatable {
    /// `sqs`, `sns`, `events`, `lambda` or any other.
    public var service: String
    /// `eu-central-1`.
    public var region: String
    /// `AKIA…`.
    public var accessKeyID: String
    /// The key itself.
    public var secretAccessKey: String
    /// Of temporary credentials.
    public var sessionToken: String?

    /// Signing for a service.
    public init(
        service: String, region: String, accessKeyID: String, secretAccessKey: String, sessionToken: String? = nil
    ) {
        self.service = service
        self.region = region
        self.accessKeyID = accessKeyID
        self.secretAccessKey = secretAccessKey
        self.sessionToken = sessionToken
    }
}

/// Where access tokens come from, by client credentials (RFC 6749 §4.4): `http.oauth2`.
public struct OAuth2Settings: Sendable, Equatable {
    /// How the client says who it is (RFC 6749 §2.3.1).
    public enum Authentication: String, CaseIterable, Sendable {
        /// In an `authorization: Basic` header.
        case header
        /// Among the form's fields.
        case body
    }

    /// The token endpoint.
    public var tokenURL: String
    /// Who we are.
    public var clientID: String
    /// Our secret.
    public var clientSecret: String
    /// What is asked for, as written; `nil` for the server's own default.
    public var scope: String?
    /// For whom, where the server wants to know.
    public var audience: String?
    /// How the client says who it is.
    public var authentication = Authentication.header

    /// Tokens by client credentials.
    public init(tokenURL: String, clientID: String, clientSecret: String) {
        self.tokenURL = tokenURL
        self.clientID = clientID
        self.clientSecret = clientSecret
    }
}

/// Several events in one request: `targets.*.batch`.
public struct BatchSettings: Sendable, Equatable {
    /// How events stand in the body.
    public enum Form: String, CaseIterable, Sendable {
        /// A JSON array.
        case array
        /// One line each.
        case ndjson
    }

    /// The most events that one request may be configured to have: their ids must fit into its header.
    public static let maxEventsLimit = 1000

    /// So many events at the most.
    public var maxEvents = 100
    /// So many bytes of events at the most; one event alone may be larger.
    public var maxBytes = 1 << 20
    /// For how long an event waits for others.
    public var linger: Duration = .milliseconds(50)
    /// How they stand in the body.
    public var form = Form.array

    /// The defaults.
    public init() {}
}

/// What an event looks like to its target: `targets.*.format`.
public enum EventFormat: String, CaseIterable, Sendable {
    /// The body as it came, or as the template makes it.
    case original
    /// CloudEvents 1.0, structured: one JSON object with the body as its `data`.
    case cloudEvents = "cloudevents"
    /// CloudEvents 1.0, binary: the body as it came, the attributes in `ce-…` headers.
    case cloudEventsBinary = "cloudevents-binary"
}
