import Spool

/// What the streams' messages hold, byte for byte; numbers little-endian. Logic alone.
///
/// An event is what it is in a segment (`EventPayload`). The two others have one layout:
///
/// ```
/// queue u16 · state u8 · 0 u8 · event u64 · message u64 · attempts u32 · attemptsBefore u32 · since i64 · notBefore i64
/// ```
/// `message` is the number of the stream's message that carries the delivery: one with a smaller number no longer counts.
struct ClusterRecord: Sendable, Equatable {
    /// How a delivery stands.
    enum State: UInt8, Sendable, CaseIterable {
        /// It is owed, by a message that says so.
        case again = 1
        /// It was tried, and will be again.
        case later
        /// It was given up.
        case failed
        /// It was delivered, after it had stood otherwise.
        case done
    }

    var delivery: DeliveryID
    var state: State
    var message: UInt64 = 0
    var progress = Progress()
    /// In milliseconds since 1970.
    var notBefore: Int64 = 0

    init(_ delivery: DeliveryID, _ state: State) {
        self.delivery = delivery
        self.state = state
    }

    /// What becomes of a record that was to follow another one than is the last.
    enum Refusal: Equatable {
        /// It is the last one: the word on it got lost.
        case isStored
        /// It is written over the last one.
        case again
        /// It no longer counts.
        case isOvertaken
    }

    /// What becomes of this record where `last` stands. Delivered is delivered, whoever has written what meanwhile; and what only says
    /// that the delivery is owed by this very message, or is about an earlier one, comes before what the message came to.
    func refused(by last: ClusterRecord?) -> Refusal {
        guard let last else { return .again }
        if last == self { return .isStored }
        if last.message < message || last.state == .again && last.message == message { return .again }
        return state == .done && last.message == message ? .again : .isOvertaken
    }

    static let byteCount = 44

    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        func append(_ value: some FixedWidthInteger) {
            withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
        }
        append(delivery.queue.rawValue)
        append(UInt16(state.rawValue))
        append(delivery.event.rawValue)
        append(message)
        append(progress.attempts)
        append(progress.attemptsBefore)
        append(progress.since)
        append(notBefore)
        return bytes
    }

    /// Reads a record; `nil` if it is none.
    init?(_ bytes: [UInt8]) {
        guard bytes.count >= ClusterRecord.byteCount else { return nil }
        var offset = 0
        func next<Number: FixedWidthInteger>(_: Number.Type) -> Number {
            defer { offset += MemoryLayout<Number>.size }
            return bytes.withUnsafeBytes {
                Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self))
            }
        }
        let queue = QueueID(rawValue: next(UInt16.self))
        guard let state = State(rawValue: UInt8(truncatingIfNeeded: next(UInt16.self))) else { return nil }
        self.state = state
        delivery = DeliveryID(event: EventNumber(rawValue: next(UInt64.self)), queue: queue)
        message = next(UInt64.self)
        progress.attempts = next(UInt32.self)
        progress.attemptsBefore = next(UInt32.self)
        progress.since = next(Int64.self)
        notBefore = next(Int64.self)
    }
}

extension StoredEvent {
    /// An event as the stream keeps it; `nil` if the bytes are none.
    init?(_ number: EventNumber, payload: [UInt8]) {
        let event: StoredEvent? = payload.withUnsafeBytes { bytes in
            guard let payload = EventPayload(bytes) else { return nil }
            return StoredEvent(
                number: number, receivedAt: payload.receivedAt, owed: payload.owed,
                attributes: Array(payload.attributes), body: Array(payload.body), dedupe: payload.dedupe)
        }
        guard let event else { return nil }
        self = event
    }
}
