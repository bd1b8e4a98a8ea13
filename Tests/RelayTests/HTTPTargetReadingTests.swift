import Delivery
import Testing

@testable import Relay

/// What stands in a target's `http`, `format` and `batch`, and what is wrong with it.
struct HTTPTargetReadingTests {
    private func target(
        _ json: String, environment: [String: String] = [:], files: [String: String] = [:]
    ) throws -> (settings: TargetSettings?, findings: [Diagnostic]) {
        let reading = try reading(
            configuration(targets: "{\"t\": \(json)}"), environment: environment, files: files)
        return (reading.configuration?.targets.first, reading.findings)
    }

    private func http(_ json: String, environment: [String: String] = [:], files: [String: String] = [:]) throws
        -> HTTPTargetSettings?
    {
        let (settings, findings) = try target("{\"http\": \(json)}", environment: environment, files: files)
        #expect(findings.isEmpty, "\(findings.map(\.message))")
        if case .http(let http)? = settings?.kind { return http }
        return nil
    }

    @Test(arguments: ["unix:/run/app.sock:/hooks?a=1", "http://unix:/run/app.sock:/hooks?a=1"])
    func aSocketsURLIsItsPathAndTheRequests(url: String) throws {
        let http = try #require(try http("{\"url\": \"\(url)\"}"))
        #expect(http.connection.socket == "/run/app.sock")
        #expect(http.url.source == "http://localhost/hooks?a=1")
    }

    @Test func aSocketAloneIsAskedForItsRoot() throws {
        #expect(try http(#"{"url": "unix:/run/app.sock"}"#)?.url.source == "http://localhost/")
    }

    @Test func aConnectionIsReadWhole() throws {
        let pem = "-----BEGIN X-----\n"
        let pin = "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        let connection = try http(
            """
            {"url": "https://h/", "http2": true, "proxy": "socks5h://p:1080", "deny": ["10.0.0.0/8", "fd00::/8"],
             "allow": ["169.254.169.254"],
             "tls": {"certificate": "c.pem", "key": "k.pem", "ca": "a.pem", "pin": "\(pin)"}}
            """, files: ["c.pem": pem, "k.pem": pem, "a.pem": pem])?.connection
        #expect(connection?.http2 == true)
        #expect(connection?.proxy == "socks5h://p:1080")
        #expect(connection?.pins == [pin])
        #expect(connection?.certificate?.hasSuffix("/c.pem") == true)
        #expect(connection?.key?.hasSuffix("/k.pem") == true)
        #expect(connection?.authorities?.hasSuffix("/a.pem") == true)
        #expect(
            connection?.guardedAddresses.denied == [
                .init(bits: 0xFFFF_0A00_0000, prefix: 104), .init(bits: 0xFD << 120, prefix: 8),
            ])
        #expect(connection?.guardedAddresses.allowed == [.init(bits: 0xFFFF_A9FE_A9FE, prefix: 128)])
    }

    @Test func awsTakesItsKeysFromTheFileOrFromTheEnvironmentWhole() throws {
        let environment = [
            "AWS_ACCESS_KEY_ID": "AKIAENV", "AWS_SECRET_ACCESS_KEY": "env", "AWS_SESSION_TOKEN": "token",
        ]
        let given = try http(
            #"{"url": "https://h/", "aws": {"service": "sqs", "region": "eu-central-1", "access_key_id": "AKIA", "secret_access_key": "s"}}"#,
            environment: environment)
        #expect(
            given?.aws
                == AWSSettings(service: "sqs", region: "eu-central-1", accessKeyID: "AKIA", secretAccessKey: "s"))
        let found = try http(
            #"{"url": "https://h/", "aws": {"service": "sqs", "region": "eu-central-1"}}"#, environment: environment)
        #expect(
            found?.aws
                == AWSSettings(
                    service: "sqs", region: "eu-central-1", accessKeyID: "AKIAENV", secretAccessKey: "env",
                    sessionToken: "token"))
    }

    @Test func oauth2IsReadWhole() throws {
        let oauth2 = try http(
            #"{"url": "https://h/", "oauth2": {"token_url": "https://i/token", "client_id": "me", "client_secret": "s", "scope": "a b", "audience": "crm", "auth": "body"}}"#
        )?.oauth2
        var expected = OAuth2Settings(tokenURL: "https://i/token", clientID: "me", clientSecret: "s")
        expected.scope = "a b"
        expected.audience = "crm"
        expected.authentication = .body
        #expect(oauth2 == expected)
    }

    @Test func batchAndFormatAreRead() throws {
        let (settings, findings) = try target(
            #"{"http": {"url": "https://h/"}, "format": "cloudevents", "batch": {"max_events": 7, "max_bytes": "64KiB", "linger": "1s", "as": "ndjson"}}"#
        )
        #expect(findings.isEmpty)
        #expect(settings?.format == .cloudEvents)
        #expect(settings?.batch?.maxEvents == 7)
        #expect(settings?.batch?.maxBytes == 65536)
        #expect(settings?.batch?.linger == .seconds(1))
        #expect(settings?.batch?.form == .ndjson)
    }

    @Test(arguments: [
        (#"{"http": {"url": "unix:run/app.sock:/"}}"#, "is no socket to send to"),
        (#"{"http": {"url": "unix:/run/${a}.sock:/"}}"#, "is no socket to send to"),
        (#"{"http": {"url": "unix:/run/app.sock:hooks"}}"#, "is no socket to send to"),
        (#"{"http": {"url": "http://${a}/"}}"#, "no placeholder may stand in a URL's host or port"),
        (#"{"http": {"url": "http://h:${a}/"}}"#, "no placeholder may stand in a URL's host or port"),
        (#"{"http": {"url": "${a}://h/"}}"#, "is no URL to send to"),
        (#"{"http": {"url": "http://h/", "http2": true}}"#, "HTTP/2 is spoken over TLS only"),
        (#"{"http": {"url": "http://h/", "tls": {}}}"#, "there is no TLS with this URL"),
        (#"{"http": {"url": "unix:/s:/", "proxy": "http://p:1/"}}"#, "a socket is not reached by a proxy"),
        (#"{"http": {"url": "https://h/", "proxy": "ftp://p/"}}"#, "is no URL to send to"),
        (#"{"http": {"url": "https://h/", "proxy": "http://p/${a}"}}"#, "a proxy's URL holds no placeholder"),
        (#"{"http": {"url": "https://h/", "tls": {"certificate": "c.pem"}}}"#, "go together"),
        (#"{"http": {"url": "https://h/", "tls": {"ca": "none.pem"}}}"#, "can't be read"),
        (#"{"http": {"url": "https://h/", "tls": {"ca": "routes.json"}}}"#, "is no PEM file"),
        (#"{"http": {"url": "https://h/", "tls": {"pin": "abc"}}}"#, "this pins no key"),
        (#"{"http": {"url": "https://h/", "deny": ["10.0.0.0/33"]}}"#, "no address and no block of addresses"),
        (#"{"http": {"url": "https://h/", "deny": "10.0.0.0/8"}}"#, "must be a list"),
        (#"{"http": {"url": "https://h/", "aws": {"service": "sqs", "region": "eu-central-1"}}}"#, "AWS_ACCESS_KEY_ID"),
        (#"{"http": {"url": "https://h/", "aws": {"service": "S Q S", "region": "x"}}}"#, "is no name of AWS"),
        (#"{"http": {"url": "https://h/", "oauth2": {"token_url": "https://i/"}}}"#, "the key `client_id` is missing"),
        (
            #"{"http": {"url": "https://h/", "headers": {"authorization": "x"}, "oauth2": {"token_url": "https://i/", "client_id": "a", "client_secret": "b"}}}"#,
            "writes the header `authorization`"
        ),
        (#"{"file": {"path": "x"}, "format": "cloudevents"}"#, "only an http target has a format"),
        (#"{"file": {"path": "x"}, "batch": {}}"#, "only an http target takes batches"),
        (#"{"http": {"url": "https://h/"}, "format": "cloudevent"}"#, "is not known here"),
        (#"{"http": {"url": "https://h/"}, "format": "cloudevents-binary", "batch": {}}"#, "no headers for each"),
        (#"{"http": {"url": "https://h/${a}"}, "batch": {}}"#, "a batch has one URL"),
        (#"{"http": {"url": "https://h/"}, "batch": {"max_events": 1001}}"#, "from 1 to 1000"),
        (
            #"{"http": {"url": "https://h/", "headers": {"content-type": "application/x-www-form-urlencoded"}}, "body": [1]}"#,
            "a form is made of an object"
        ),
    ]) func whatIsWrongIsSaid(json: String, message: String) throws {
        let findings = try target(json).findings
        #expect(findings.contains { $0.message.contains(message) }, "\(findings.map(\.message))")
    }
}
