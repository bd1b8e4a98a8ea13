import EventJSON

/// The envelope of Voucherify's webhooks, version 2024-01-01: seven keys and their kinds.
///
/// `type` may be any text, even empty: a distribution's is typed by whoever made it. `data` depends on the type and may be
/// designed by the user, so an object or an array will do. What stands inside is the routes' business, but for
/// `source.object` and `event.type`, by which the two kinds of webhook are told apart. Immutable and shared, like the board that has it.
final class VoucherifyEnvelope: Sendable {
    /// A key that must be there, and as what.
    private struct Requirement {
        var path: Int
        var name: String
        var kinds: [ValueKind]
        var expected: String
    }

    /// What is asked of every event: a requirement without its words.
    private struct Question {
        var path: Int
        /// A bit for each kind that will do.
        var kinds: UInt8
    }

    /// What is wrong with a body.
    enum Fault: Equatable {
        /// It is the former version's, in which these things are wrong for the present one.
        case formerVersion([String])
        /// These things are wrong with it, in the order of the keys.
        case faults([String])
    }

    private let requirements: [Requirement]
    private let questions: [Question]
    private let source: Int
    private let event: Int
    private let formerKeys: [Int]
    private let object: Int

    init(adding paths: inout PathSet) {
        var requirements: [Requirement] = []
        func require(_ name: String, _ kinds: [ValueKind], _ expected: String, _ paths: inout PathSet) {
            requirements.append(
                Requirement(path: paths.insert(EventPath(name)), name: name, kinds: kinds, expected: expected))
        }
        require("id", [.string], "a string", &paths)
        require("project_id", [.string], "a string", &paths)
        require("created_at", [.string], "a string", &paths)
        require("type", [.string], "a string", &paths)
        require("data", [.object, .array], "an object", &paths)
        require("source", [.object], "an object", &paths)
        require("source.object", [.string], "a string", &paths)
        require("event", [.object], "an object", &paths)
        require("event.type", [.string], "a string", &paths)
        self.requirements = requirements
        questions = requirements.map { requirement in
            Question(path: requirement.path, kinds: requirement.kinds.reduce(0) { $0 | $1.bit })
        }
        source = paths.insert(EventPath("source"))
        event = paths.insert(EventPath("event"))
        object = paths.insert(EventPath("object"))
        formerKeys = [paths.insert(EventPath("webhook_id")), paths.insert(EventPath("metadata"))]
    }

    /// What is wrong with a body just scanned, whose root is an object; `nil` if nothing is.
    func check(_ scanner: borrowing EventScanner) -> Fault? {
        let isRight = questions.allSatisfy { question in
            guard let found = scanner.first(question.path) else { return false }
            return found.kind.bit & question.kinds != 0
        }
        if isRight { return nil }
        var faults: [String] = []
        for requirement in requirements {
            guard let found = scanner.first(requirement.path) else {
                // A key inside something that is itself missing or no object is not worth a second line.
                if isInside(requirement.name, scanner) { faults.append("`\(requirement.name)` is missing") }
                continue
            }
            if !requirement.kinds.contains(found.kind) {
                faults.append("`\(requirement.name)` must be \(requirement.expected), not \(found.kind.described)")
            }
        }
        return isFormerVersion(scanner) ? .formerVersion(faults) : .faults(faults)
    }

    private func isInside(_ name: String, _ scanner: borrowing EventScanner) -> Bool {
        if name.hasPrefix("source.") { return scanner.first(source)?.kind == .object }
        if name.hasPrefix("event.") { return scanner.first(event)?.kind == .object }
        return true
    }

    /// v2018-08-01: `object` is there (it says `"event"`), with `webhook_id` or `metadata`, and neither `source` nor `event`.
    private func isFormerVersion(_ scanner: borrowing EventScanner) -> Bool {
        guard scanner.first(source) == nil, scanner.first(event) == nil, scanner.first(object)?.kind == .string else {
            return false
        }
        return formerKeys.contains { scanner.first($0) != nil }
    }
}

extension ValueKind {
    /// A bit of its own.
    fileprivate var bit: UInt8 { 1 << rawValue }

    /// The kind with its article, for a message.
    var described: String {
        switch self {
        case .object: "an object"
        case .array: "an array"
        case .string: "a string"
        case .number: "a number"
        case .true, .false: "a boolean"
        case .null: "null"
        }
    }
}
