import EventJSON

/// Which message of a stream is asked for (ADR-31).
public enum MessagePlace: Sendable {
    /// The one with this number.
    case number(UInt64)
    /// The last one of a subject.
    case last(of: String)
    /// The first one behind a number whose subject fits a pattern.
    case next(of: String, after: UInt64)

    /// As the server is asked.
    var question: [UInt8] {
        var writer = JSONWriter()
        writer.object {
            switch self {
            case .number(let number): $0.member("seq", number)
            case .last(let subject): $0.member("last_by_subj", subject)
            case .next(let pattern, let number):
                $0.member("seq", number + 1)
                $0.member("next_by_subj", pattern)
            }
        }
        return writer.bytes
    }
}

/// A message as it stands in a stream: its number there, and itself.
public typealias StoredMessage = (sequence: UInt64, message: Message)

extension Client {
    /// Reads a message of a stream, from whichever broker has it; `nil` if there is none. From any thread but the client's.
    public func message(_ place: MessagePlace, of stream: String) throws(NATSFault) -> StoredMessage? {
        try JetStreamAPI.message(call(JetStreamAPI.get(stream), place.question))
    }

    /// The same for some at once: those that there are. From any thread but the client's.
    public func messages(_ places: [MessagePlace], of stream: String) throws(NATSFault) -> [StoredMessage] {
        var found: [StoredMessage] = []
        for answer in callAll(JetStreamAPI.get(stream), places.map(\.question)) {
            if let one = try JetStreamAPI.message(answer.get()) { found.append(one) }
        }
        return found
    }

    /// The same without waiting. On the client's thread, on which it calls back.
    public func message(
        _ place: MessagePlace, of stream: String,
        _ done: @escaping @Sendable (Result<StoredMessage?, NATSFault>) -> Void
    ) {
        request(JetStreamAPI.get(stream), place.question) { result in
            switch result {
            case .failure(let fault): done(.failure(fault))
            case .success(let answer):
                do throws(NATSFault) { done(.success(try JetStreamAPI.message(answer))) } catch {
                    done(.failure(error))
                }
            }
        }
    }
}
