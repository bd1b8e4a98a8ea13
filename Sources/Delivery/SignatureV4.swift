import EventJSON
import Platform

/// Signs requests for AWS: Signature Version 4 in the `authorization` header (AWS General Reference, "Signing AWS API
/// requests"). A plain value.
struct SignatureV4 {
    /// A request as it will be sent.
    struct Request {
        var method: String
        /// Path as it stands in the request line.
        var path: [UInt8]
        /// Query as it stands in the request line, without `?`.
        var query: [UInt8]
        /// The fields that are signed, `host` among them, names in lower case.
        var fields: [(name: String, value: String)]
        /// SHA-256 of the body in hexadecimal digits.
        var bodySum: String
    }

    let settings: AWSSettings

    /// `x-amz-date` of a moment.
    static func date(_ moment: Int64) -> String { CivilDate.compact(moment) }

    /// The `authorization` value of a request at a moment in milliseconds since 1970.
    func authorization(_ request: Request, at moment: Int64) -> String {
        let date = SignatureV4.date(moment)
        let day = String(date.prefix(8))
        let scope = "\(day)/\(settings.region)/\(settings.service)/aws4_request"
        let (canonical, names) = canonical(request)
        let sum = Digest.hex(canonical.withUnsafeBytes(SHA256.hash))
        let message = "AWS4-HMAC-SHA256\n\(date)\n\(scope)\n\(sum)"
        var key = Array("AWS4\(settings.secretAccessKey)".utf8)
        for part in [day, settings.region, settings.service, "aws4_request"] {
            key = Digest.hmac(key: key, Array(part.utf8))
        }
        let signature = Digest.hex(Digest.hmac(key: key, Array(message.utf8)))
        return "AWS4-HMAC-SHA256 Credential=\(settings.accessKeyID)/\(scope), SignedHeaders=\(names), "
            + "Signature=\(signature)"
    }

    /// The canonical request, and the names of the signed fields.
    private func canonical(_ request: Request) -> (bytes: [UInt8], names: String) {
        var names: [String] = []
        var values: [String: [String]] = [:]
        for field in request.fields {
            if values[field.name] == nil { names.append(field.name) }
            values[field.name, default: []].append(SignatureV4.trimmed(field.value))
        }
        names.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var out = Array("\(request.method)\n".utf8)
        out += SignatureV4.canonicalPath(request.path) + [0x0A] + SignatureV4.canonicalQuery(request.query) + [0x0A]
        for name in names { out += "\(name):\((values[name] ?? []).joined(separator: ","))\n".utf8 }
        let list = names.joined(separator: ";")
        out += "\n\(list)\n\(request.bodySum)".utf8
        return (out, list)
    }

    /// Dots and empty segments removed, then each segment encoded once more than it is in the request line: for all services
    /// but S3.
    private static func canonicalPath(_ path: [UInt8]) -> [UInt8] {
        var segments: [ArraySlice<UInt8>] = []
        for segment in path.split(separator: UInt8(ascii: "/")) where segment != [0x2E] {
            if segment == [0x2E, 0x2E] { _ = segments.popLast() } else { segments.append(segment) }
        }
        var out: [UInt8] = []
        for segment in segments {
            out.append(UInt8(ascii: "/"))
            PercentEncoding.append(all: segment, to: &out)
        }
        if out.isEmpty || path.last == UInt8(ascii: "/") { out.append(UInt8(ascii: "/")) }
        return out
    }

    /// Names and values encoded once, sorted by their encoded bytes.
    private static func canonicalQuery(_ query: [UInt8]) -> [UInt8] {
        let pairs = query.split(separator: UInt8(ascii: "&")).map { pair in
            let halves = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            return (name: once(halves[0]), value: halves.count > 1 ? once(halves[1]) : [])
        }
        let sorted = pairs.sorted { one, other in
            one.name == other.name
                ? one.value.lexicographicallyPrecedes(other.value) : one.name.lexicographicallyPrecedes(other.name)
        }
        return Array(sorted.map { $0.name + [UInt8(ascii: "=")] + $0.value }.joined(separator: [UInt8(ascii: "&")]))
    }

    /// Encoded, what is encoded already staying as it is.
    private static func once(_ text: ArraySlice<UInt8>) -> [UInt8] {
        var out: [UInt8] = []
        for byte in text {
            if byte == UInt8(ascii: "%") { out.append(byte) } else { PercentEncoding.append(all: [byte], to: &out) }
        }
        return out
    }

    /// A value without space around it, and with one space for several inside.
    private static func trimmed(_ value: String) -> String {
        value.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined(separator: " ")
    }
}

/// What a service of AWS expects beside the signature, unless the configuration's `headers` say otherwise.
enum AWSDefaults {
    /// The fields for a service: SQS and EventBridge take JSON and the name of an operation, SNS a form.
    static func headers(of service: String) -> [(name: String, value: String)] {
        switch service {
        case "sqs": [("content-type", "application/x-amz-json-1.0"), ("x-amz-target", "AmazonSQS.SendMessage")]
        case "events": [("content-type", "application/x-amz-json-1.1"), ("x-amz-target", "AWSEvents.PutEvents")]
        case "sns": [("content-type", "application/x-www-form-urlencoded")]
        default: []
        }
    }
}
