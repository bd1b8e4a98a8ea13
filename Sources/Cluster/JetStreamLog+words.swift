import EventJSON
import NATS
import Spool
import Synchronization

/// Words on queues that all relays heed: a bucket of keys and values, one key a queue, which each relay reads on in.
extension JetStreamLog: SharedWords {
    /// Where words are given.
    public var words: (any SharedWords)? { self }

    /// Puts a word into the bucket.
    public func give(_ word: QueueWord, of target: String) throws(SpoolError) {
        guard let queue = board.queue(named: target) else {
            throw .elsewhere(reason: "the brokers gave \(target) no number")
        }
        try asking { () throws(NATSFault) in
            if case .refused(let fault) = PublishAnswer(try client.call(subjects.word(queue), word.json)) {
                throw fault
            }
        }
    }

    /// The last word of each target.
    public func lastWords() -> [String: QueueWord] {
        let names = board.queues.mapValues(\.name)
        return Dictionary(heard.withLock { $0.last }.compactMap { queue, word in names[queue].map { ($0, word) } }) {
            one, _ in one
        }
    }

    /// Hears of words from now on.
    public func follow(_ hear: @escaping @Sendable (_ target: String, _ word: QueueWord) -> Void) {
        heard.withLock { $0.hear = hear }
        for (target, word) in lastWords() { hear(target, word) }
    }

    /// Reads the bucket to its end. Blocks.
    func learnWords() throws(SpoolError) {
        var isAtEnd = false
        while !isAtEnd {
            try patiently("what was said by hand can't be read") { () throws(NATSFault) in
                let found = try client.message(nextWord, of: subjects.wordStream)
                if let found { _ = note(found.sequence, found.message) } else { isAtEnd = true }
            }
        }
    }

    /// Reads on in the bucket. On the client's thread.
    func readWords() {
        client.message(nextWord, of: subjects.wordStream) { [self] result in
            guard case .success(let found?) = result else { return }
            if let (queue, word) = note(found.sequence, found.message), let name = board.queues[queue]?.name {
                heard.withLock { $0.hear }?(name, word)
            }
            readWords()
        }
    }

    private var nextWord: MessagePlace { .next(of: subjects.words, after: heard.withLock { $0.message }) }

    /// Takes note of a message of the bucket.
    private func note(_ sequence: UInt64, _ message: Message) -> (queue: QueueID, word: QueueWord)? {
        heard.withLock { heard in
            heard.message = max(heard.message, sequence)
            guard let queue = subjects.queue(ofWord: message.subject), let word = QueueWord(json: message.payload)
            else {
                return nil
            }
            heard.last[queue] = word
            return (queue, word)
        }
    }
}

/// The words that a relay has read.
struct HeardWords: Sendable {
    var last: [QueueID: QueueWord] = [:]
    /// The number of the last message that was read.
    var message: UInt64 = 0
    var hear: (@Sendable (String, QueueWord) -> Void)?
}

extension QueueWord {
    /// `{"paused":true,"configured":false}`.
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.object {
            $0.member("paused", isPaused)
            $0.member("configured", overConfigured)
        }
        return writer.bytes
    }

    /// Reads a word; `nil` if it is none.
    init?(json: [UInt8]) {
        guard let root = try? JSONDocument(json).root, case .bool(let isPaused)? = root[key: "paused"]?.content,
            case .bool(let configured)? = root[key: "configured"]?.content
        else { return nil }
        self.init(isPaused: isPaused, overConfigured: configured)
    }
}
