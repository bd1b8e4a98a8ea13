import Delivery
import EventJSON

/// Reads how an http target is connected to, and what authorizes its requests.
extension ConfigurationReader {
    /// How large a certificate or key may be, in bytes.
    private static let pemLimitBytes = 1 << 20

    func tls(_ place: Place, _ connection: inout ConnectionSettings) {
        var settings = connection
        object(
            place,
            [
                ("certificate", { settings.certificate = self.pemFile($0) }),
                ("key", { settings.key = self.pemFile($0) }),
                ("ca", { settings.authorities = self.pemFile($0) }),
                ("pin", { settings.pins = self.pins($0) }),
            ])
        connection = settings
        let keys = Set(place.value.members?.map(\.key) ?? [])
        if keys.contains("certificate") != keys.contains("key") {
            error(
                "a client certificate and its key go together", at: place.value.offset, place.path,
                hint: "give both `certificate` and `key`, as PEM files")
        }
    }

    /// A file in PEM that can be read.
    private func pemFile(_ place: Place) -> String? {
        guard let text = string(place) else { return nil }
        let path = absolute(text)
        do throws(FileReadError) {
            let bytes = try FileContent.read(path, limitBytes: ConfigurationReader.pemLimitBytes)
            if bytes.firstRange(of: Array("-----BEGIN ".utf8)) == nil {
                error(
                    "\(path) is no PEM file", at: place.value.offset, place.path,
                    hint: "PEM is text that begins with -----BEGIN")
                return nil
            }
        } catch {
            self.error("the file \(path) can't be read: \(error.reason)", at: place.value.offset, place.path)
            return nil
        }
        return path
    }

    private func pins(_ place: Place) -> [String] {
        strings(place).compactMap { text, place in
            let sum = text.hasPrefix("sha256//") ? Base64.decode(text.dropFirst(8)) : nil
            if sum?.count == 32 { return text }
            error(
                "this pins no key", at: place.value.offset, place.path,
                hint:
                    "it is written sha256// and the base64 of the SHA-256 of the public key, as curl --pinnedpubkey has it"
            )
            return nil
        }
    }

    func proxy(_ place: Place) -> String? {
        guard let url = webURL(place, ["http", "https", "socks5", "socks5h"]) else { return nil }
        if !url.isConstant {
            error("a proxy's URL holds no placeholder", at: place.value.offset, place.path)
            return nil
        }
        return url.source
    }

    func addressBlocks(_ place: Place) -> [AddressGuard.Block] {
        (array(place) ?? []).compactMap { element in
            guard let text = string(element) else { return nil }
            if let block = AddressBlock(text)?.guarded { return block }
            error(
                "\"\(text)\" is no address and no block of addresses", at: element.value.offset, element.path,
                hint: "write it like 10.0.0.0/8, 169.254.169.254 or fd00::/8")
            return nil
        }
    }

    func aws(_ place: Place) -> AWSSettings? {
        var service: String?
        var region: String?
        var values: [String: String] = [:]
        // What the configuration doesn't say, the variables do that AWS's own tools read.
        let variables = [
            ("access_key_id", "AWS_ACCESS_KEY_ID"), ("secret_access_key", "AWS_SECRET_ACCESS_KEY"),
            ("session_token", "AWS_SESSION_TOKEN"),
        ]
        object(
            place, required: ["service", "region"],
            [
                ("service", { service = self.scopeName($0) }),
                ("region", { region = self.scopeName($0) }),
            ]
                + variables.map { key, _ in
                    (key, { place in values[key] = self.headerText(place) })
                })
        let given = Set(place.value.members?.map(\.key) ?? [])
        // A token belongs to its key: the environment's is not for a key that stands here.
        let isFromEnvironment = !given.contains("access_key_id") && !given.contains("secret_access_key")
        for (key, variable) in variables where isFromEnvironment && !given.contains(key) {
            values[key] = environment(variable).flatMap { $0.isEmpty ? nil : $0 }
        }
        for (key, variable) in variables.prefix(2) where values[key] == nil && !given.contains(key) {
            error(
                "the key `\(key)` is missing, and so is \(variable) in the environment", at: place.value.offset,
                place.path, hint: "give `access_key_id` and `secret_access_key`, or set both variables")
        }
        guard let service, let region, let id = values["access_key_id"], let secret = values["secret_access_key"]
        else { return nil }
        return AWSSettings(
            service: service, region: region, accessKeyID: id, secretAccessKey: secret,
            sessionToken: values["session_token"])
    }

    /// What stands in a signature's scope: a service, a region.
    private func scopeName(_ place: Place) -> String? {
        guard let text = string(place) else { return nil }
        let isFit =
            !text.isEmpty
            && text.utf8.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D }
        if isFit { return text }
        error(
            "\"\(text)\" is no name of AWS", at: place.value.offset, place.path,
            hint: "for example \"service\": \"sqs\", \"region\": \"eu-central-1\"")
        return nil
    }

    /// A text that can stand in a header.
    private func headerText(_ place: Place) -> String? {
        guard let text = string(place) else { return nil }
        if !text.isEmpty && text.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7F }) { return text }
        error("must be a text without spaces and control characters", at: place.value.offset, place.path)
        return nil
    }

    func oauth2(_ place: Place) -> OAuth2Settings? {
        var url: String?
        var id: String?
        var secret: String?
        var scope: String?
        var audience: String?
        var authentication = OAuth2Settings.Authentication.header
        object(
            place, required: ["token_url", "client_id", "client_secret"],
            [
                (
                    "token_url",
                    { place in
                        let template = self.webURL(place, ["http", "https"])
                        url = template?.source
                        if template?.isConstant == false {
                            self.error(
                                "the token endpoint's URL holds no placeholder", at: place.value.offset, place.path)
                        }
                    }
                ),
                ("client_id", { id = self.string($0) }),
                ("client_secret", { secret = self.string($0) }),
                ("scope", { scope = self.string($0) }),
                ("audience", { audience = self.string($0) }),
                ("auth", { authentication = self.choice($0, OAuth2Settings.Authentication.self) ?? authentication }),
            ])
        guard let url, let id, let secret else { return nil }
        var settings = OAuth2Settings(tokenURL: url, clientID: id, clientSecret: secret)
        settings.scope = scope
        settings.audience = audience
        settings.authentication = authentication
        return settings
    }
}
