import CCrypto
import Delivery
import EventJSON
import HTTPServer
import Platform

/// What makes the repetition of a signed request one: the same message again while its signature still holds.
struct ReplayKey: Equatable {
    /// What is the same: the message's name, or its moment and signature.
    var bytes: [UInt8]
    /// Until when, in milliseconds since 1970; behind that the signature is too old anyway.
    var until: Int64
}

/// Checks requests after a `SignatureScheme`. Owned by one event loop: its prepared keys are no shared ones.
final class SignatureCheck {
    /// Signatures looked at in one header: senders write one a secret while these rotate.
    static let signatureLimit = 16

    private let scheme: SignatureScheme
    private let keys: [HMAC]
    /// Where the secret itself is sent: its hashes, and the passing key that they are made with.
    private let tokens: [[UInt8]]
    private let passing: [UInt8]
    private let toleranceMilliseconds: Int64
    /// For texts that mention the body's values: a scan of its own, so that other sources' bodies are not looked through for them.
    private var scanner: EventScanner
    private let paths: PathSet

    init(_ scheme: SignatureScheme, secrets: [String]) {
        self.scheme = scheme
        toleranceMilliseconds = Int64(scheme.tolerance / .milliseconds(1))
        if scheme.algorithm == .none {
            // What was sent and what is right are compared by their hashes under a passing key: no length is told.
            var passing = [UInt8](repeating: 0, count: 32)
            _ = RAND_bytes(&passing, Int32(passing.count))
            self.passing = passing
            tokens = secrets.map { HMAC.sign(key: passing, Array($0.utf8)) }
            keys = []
        } else {
            passing = []
            tokens = []
            keys = secrets.compactMap { scheme.keyBytes($0) }.compactMap { HMAC(key: $0, scheme.algorithm) }
        }
        var paths = PathSet()
        for path in scheme.signed.paths + (scheme.timestamp?.paths ?? []) { _ = paths.insert(path) }
        self.paths = paths
        scanner = EventScanner(paths)
    }

    /// The place of the secret that the last request accepted was signed with.
    private(set) var matched = 0

    /// Refuses what needs no body to be refused, so that a stranger's is not read: no proof, two of them, one that can't be
    /// right, a secret that is not ours, or a moment in the headers that is too far off.
    func judge(_ head: RequestHead, now: Int64) throws(Verifier.Rejection) {
        let header = head.text(try value(of: scheme.header, head))
        if scheme.algorithm == .none { return try checkToken(header) }
        _ = try signatures(in: header)
        guard scheme.timestamp?.isOfHead == true else { return }
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        let source = SignedTextSource(
            head: head, body: nothing, header: header, scheme: scheme, scanner: scanner, paths: paths)
        _ = try moment(source, now: now)
    }

    /// Checks a request whose body is `body`. `now` is in milliseconds since 1970. Answers what tells its repetition, if
    /// the scheme has a moment or a name for that.
    func check(_ head: RequestHead, body: UnsafeRawBufferPointer, now: Int64) throws(Verifier.Rejection) -> ReplayKey? {
        let header = head.text(try value(of: scheme.header, head))
        if scheme.algorithm == .none {
            try checkToken(header)
            return nil
        }
        let signatures = try signatures(in: header)
        if !paths.paths.isEmpty {
            do throws(JSONSyntaxError) { try scanner.scan(body) } catch {
                throw .init(
                    error: "the body that is signed is no JSON", hint: "this source's `verify` reads values of it")
            }
        }
        let source = SignedTextSource(
            head: head, body: body, header: header, scheme: scheme, scanner: scanner, paths: paths)
        let moment = try moment(source, now: now)
        if let parameter = scheme.bodyHash, !source.isForm { try checkBodyHash(source, parameter) }
        var pieces: [SignedTextSource.Piece] = []
        for part in scheme.signed.parts { pieces.append(try source.piece(part)) }
        var right: [UInt8]?
        for (place, key) in keys.enumerated() {
            key.begin()
            for piece in pieces {
                switch piece {
                case .bytes(let bytes): bytes.withUnsafeBytes { key.update($0) }
                case .body: key.update(body)
                }
            }
            let expected = key.finish()
            // All are compared, so that the time does not tell which one fits.
            for signature in signatures where ConstantTime.equal(expected, signature) {
                right = signature
                matched = place
            }
        }
        guard let right else {
            throw .init(error: "the signature does not fit", hint: "compare `secret` with the sender's")
        }
        return try replayKey(head, moment, signature: right)
    }

    private func checkToken(_ header: String) throws(Verifier.Rejection) {
        // An authentication scheme's name is the same in either case (RFC 9110 §11.1).
        let prefix = header.prefix(scheme.prefix.count)
        let rest = header.dropFirst(scheme.prefix.count)
        let sent = prefix.lowercased() == scheme.prefix.lowercased() ? scheme.decode(Array(rest.utf8)) : nil
        let hash = HMAC.sign(key: passing, sent ?? [])
        var isRight = false
        for token in tokens { isRight = ConstantTime.equal(hash, token) || isRight }
        guard isRight, sent != nil else {
            throw .init(
                error: "\(scheme.header) does not carry this source's secret",
                hint: "compare `secret` with the sender's",
                challenge: scheme.challenge)
        }
    }

    /// The value of a header that must be there once.
    private func value(of name: String, _ head: RequestHead) throws(Verifier.Rejection) -> Range<Int> {
        do throws(Verifier.Rejection) { return try SignedTextSource.value(of: name, head) } catch {
            throw .init(error: error.error, hint: error.hint, challenge: scheme.challenge)
        }
    }

    /// The header's signatures that could be some.
    private func signatures(in header: String) throws(Verifier.Rejection) -> [[UInt8]] {
        var signatures: [[UInt8]] = []
        for part in SignedTextSource.parts(header, scheme.separator) where part.hasPrefix(scheme.prefix) {
            guard let bytes = scheme.decode(Array(part.dropFirst(scheme.prefix.count).utf8)),
                bytes.count == scheme.algorithm.size
            else { continue }
            signatures.append(bytes)
            if signatures.count == SignatureCheck.signatureLimit { break }
        }
        guard !signatures.isEmpty else {
            throw .init(
                error: "\(scheme.header) is no \(scheme.described)",
                hint: "it is written \(scheme.prefix.isEmpty ? "" : "`\(scheme.prefix)` and ")\(scheme.digits)")
        }
        return signatures
    }

    /// The moment of sending in milliseconds, if the scheme has one: not further off than it allows.
    private func moment(_ source: SignedTextSource, now: Int64) throws(Verifier.Rejection) -> Int64? {
        guard let timestamp = scheme.timestamp else { return nil }
        var text: [UInt8] = []
        for part in timestamp.parts {
            if case .bytes(let bytes) = try source.piece(part) { text += bytes }
        }
        guard !text.isEmpty, text.count <= 18, text.allSatisfy({ $0 &- 0x30 < 10 }) else {
            throw .init(error: "the moment of sending is no number", hint: "it counts seconds since 1970")
        }
        let number = text.reduce(Int64(0)) { $0 * 10 + Int64($1 - 0x30) }
        // In seconds such a number lies beyond the year 5138: it counts milliseconds.
        let isMilliseconds = number >= 100_000_000_000
        let moment = isMilliseconds ? number : number * 1000
        let off = now - moment
        // A number of seconds is right from that second's beginning to its end.
        guard off >= -toleranceMilliseconds, off < toleranceMilliseconds + (isMilliseconds ? 1 : 1000) else {
            throw .init(
                error: "the moment of sending is more than \(toleranceMilliseconds / 1000) s off",
                hint: "compare the two clocks")
        }
        return moment
    }

    private func checkBodyHash(_ source: SignedTextSource, _ parameter: String) throws(Verifier.Rejection) {
        let query = FormFields(source.head.text(source.head.query))
        guard let sent = query.first(where: { $0.name == parameter })?.value else {
            throw .init(
                error: "the query has no \(parameter), so that nothing says the body was signed",
                hint: "a body that is no form is signed by its SHA-256 in the URL")
        }
        let hash = SHA256.hash(source.body)
        guard let bytes = Hex.decode(Array(sent.utf8)), ConstantTime.equal(bytes, hash) else {
            throw .init(
                error: "the body is not the one that \(parameter) was made of", hint: "send it as it was signed")
        }
    }

    private func replayKey(_ head: RequestHead, _ moment: Int64?, signature: [UInt8]) throws(Verifier.Rejection)
        -> ReplayKey?
    {
        guard let moment else { return nil }
        let until = moment + toleranceMilliseconds + 1000
        guard let id = scheme.id else {
            return ReplayKey(bytes: Array("\(moment).".utf8) + signature, until: until)
        }
        return ReplayKey(bytes: Array(head.bytes[try value(of: id, head)]), until: until)
    }
}

extension SignatureScheme {
    /// What a refusal's `www-authenticate` says, for the schemes of `authorization`.
    var challenge: String? {
        let name = prefix.filter { $0 != " " }
        guard header == "authorization", !name.isEmpty else { return nil }
        return name.lowercased() == "basic" ? "\(name) realm=\"hookswitch\", charset=\"UTF-8\"" : name
    }

    /// What a signature looks like, for a hint.
    var digits: String {
        encoding == .hex
            ? "\(algorithm.size * 2) hexadecimal digits" : "\((algorithm.size + 2) / 3 * 4) characters of base64"
    }
}
