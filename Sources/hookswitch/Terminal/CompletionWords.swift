import EventJSON
import Glibc
import Relay

/// What may stand at the end of a command line that somebody is typing: the shells' scripts ask for it.
struct CompletionWords {
    /// One word with what it means.
    struct Candidate: Equatable {
        var word: String
        var meaning = ""
    }

    /// What is offered: words, or the shell's own names of files.
    enum Offer: Equatable {
        case candidates([Candidate])
        case files
    }

    /// How much of the end of `failures.ndjson` is looked at.
    private static let tailBytes = 256 << 10
    private static let deliveriesOffered = 50

    /// The words before the one that is being typed, without the program's name; and that one as far as it goes.
    private let before: [String]
    private let current: String

    init(_ words: [String]) {
        before = Array(words.dropLast())
        current = words.last ?? ""
    }

    /// What may stand there; those that don't begin as the word does are left out.
    func offer() -> Offer {
        guard let name = before.first else { return offer(.verbs) }
        guard let verb = CommandLineTool.verbs.first(where: { $0.name == name }) else { return .candidates([]) }
        if let equals = current.firstIndex(of: "="), let option = option(String(current[..<equals]), of: verb) {
            guard case .candidates(let candidates) = offer(option.completion) else { return .files }
            let prefix = current[...equals]
            return narrowed(candidates.map { Candidate(word: prefix + $0.word, meaning: $0.meaning) })
        }
        if let last = before.dropFirst().last, let option = option(last, of: verb), option.value != nil {
            return narrow(offer(option.completion))
        }
        if current.hasPrefix("-") {
            return narrowed(
                verb.allOptions.filter { !before.contains($0.name) }.map { Candidate(word: $0.name, meaning: $0.help) })
        }
        return narrow(offer(verb.completing))
    }

    private func option(_ name: String, of verb: Verb) -> Option? { verb.allOptions.first { $0.name == name } }

    private func narrow(_ offer: Offer) -> Offer {
        guard case .candidates(let candidates) = offer else { return offer }
        return narrowed(candidates)
    }

    private func narrowed(_ candidates: [Candidate]) -> Offer {
        .candidates(candidates.filter { $0.word.hasPrefix(current) })
    }

    private func offer(_ completion: Completion) -> Offer {
        switch completion {
        case .nothing: .candidates([])
        case .files: .files
        case .verbs:
            narrowed(CommandLineTool.verbs.map { Candidate(word: $0.name, meaning: $0.summary) })
        case .targets: named(root?[key: "targets"]?.members)
        case .sources: named(root?[key: "sources"]?.members)
        case .routes:
            .candidates(
                (root?[key: "routes"]?.array ?? []).compactMap { route in
                    route[key: "name"]?.string.map {
                        Candidate(word: $0, meaning: route[key: "description"]?.string ?? "")
                    }
                })
        case .types: .candidates(Sample.types.map { Candidate(word: $0) })
        case .deliveries: .candidates(failures())
        case .events:
            .candidates(
                failures().map { Candidate(word: String($0.word.prefix { $0 != "/" }), meaning: $0.meaning) })
        case .words(let words): .candidates(words.map { Candidate(word: $0) })
        }
    }

    private func named(_ members: [JSONValue.Member]?) -> Offer {
        .candidates(
            (members ?? []).map { Candidate(word: $0.key, meaning: $0.value[key: "description"]?.string ?? "") })
    }

    /// The configuration as it stands in the file, right or wrong: somebody may be in the middle of editing it.
    private var file: ConfigurationFile {
        var named: String?
        for (index, word) in before.enumerated() {
            if word == "--config", index + 1 < before.count { named = before[index + 1] }
            if word.hasPrefix("--config=") { named = String(word.dropFirst("--config=".count)) }
        }
        return ConfigurationFile(Arguments(configuration: named))
    }

    private var root: JSONValue? { file.reading.document?.root }

    /// The deliveries that were given up last, the latest first.
    private func failures() -> [Candidate] {
        let file = file
        guard file.reading.document != nil else { return [] }
        let descriptor = open("\(file.reading.spoolPath(besides: file.path))/failures.ndjson", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let end = lseek(descriptor, 0, SEEK_END)
        lseek(descriptor, max(0, end - CompletionWords.tailBytes), SEEK_SET)
        var bytes = [UInt8](repeating: 0, count: CompletionWords.tailBytes)
        let count = read(descriptor, &bytes, bytes.count)
        guard count > 0 else { return [] }
        var filter = RecordFilter()
        var found: [Candidate] = []
        for line in bytes[..<count].split(separator: 0x0A).reversed()
        where found.count < CompletionWords.deliveriesOffered {
            guard let record = filter.take(line), let delivery = record["delivery"],
                !found.contains(where: { $0.word == delivery })
            else { continue }
            found.append(Candidate(word: delivery, meaning: "\(record["type"] ?? ""): \(record["error"] ?? "")"))
        }
        return found
    }
}
