/// What a stream says to a message that was published to it.
public enum PublishAnswer: Sendable, Equatable {
    /// A majority of its brokers has it, as this number.
    case stored(UInt64)
    /// The stream has had a message of this `Nats-Msg-Id`, as this number.
    case repeated(UInt64)
    /// It was not taken.
    case refused(NATSFault)

    /// The message's number, if it is in the stream.
    public var number: UInt64? {
        switch self {
        case .stored(let number), .repeated(let number): number
        case .refused: nil
        }
    }

    /// Reads an answer. Those that come thousands of times a second are looked at by hand.
    public init(_ message: Message) {
        if message.status == 503 {
            self = .refused(NATSFault(.later, "the stream has no leader now"))
            return
        }
        let mark: StaticString = "\"seq\":"
        let fault: StaticString = "\"error\""
        // Only there where it is true, with space behind the colon from some servers.
        let repetition: StaticString = "\"duplicate\""
        if message.payload.contains(fault) {
            do throws(NATSFault) {
                _ = try JetStreamAPI.answer(message)
                self = .refused(NATSFault(.later, "the brokers' answer is not understood", isUncertain: true))
            } catch {
                self = .refused(error)
            }
        } else if let digits = message.payload.index(behind: mark) {
            var number: UInt64 = 0
            for byte in message.payload[digits...] {
                guard (0x30...0x39).contains(byte), number < UInt64.max / 16 else { break }
                number = number * 10 + UInt64(byte - 0x30)
            }
            self = message.payload.contains(repetition) ? .repeated(number) : .stored(number)
        } else {
            self = .refused(NATSFault(.later, "the brokers' answer is not understood", isUncertain: true))
        }
    }
}

extension [UInt8] {
    /// Behind the first place of a text; `nil` if it is nowhere.
    fileprivate func index(behind text: StaticString) -> Int? {
        let text = text.bytes
        guard count >= text.count else { return nil }
        return withUnsafeBufferPointer { bytes in
            for start in 0...(bytes.count - text.count) where bytes[start] == text[0] {
                if (1..<text.count).allSatisfy({ bytes[start + $0] == text[$0] }) { return start + text.count }
            }
            return nil
        }
    }

    fileprivate func contains(_ text: StaticString) -> Bool { index(behind: text) != nil }
}
