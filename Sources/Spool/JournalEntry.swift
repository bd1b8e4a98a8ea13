/// One line of the outcome journal: what became of a delivery. 36 bytes.
///
/// ```
/// event u64 · queue u16 · change u8 · zero u8 · attempts u32 · attemptsBefore u32 · since i64 · notBefore i64
/// ```
struct JournalEntry: Equatable {
    enum Change: UInt8 {
        case done = 1
        case failed = 2
        case later = 3
        case reopened = 4
    }

    static let size = 36

    var delivery: DeliveryID
    var change: Change
    var progress: Progress
    var notBefore: Int64

    func encode(into bytes: inout [UInt8]) {
        // Appended in one piece: a checkpoint may have ten million.
        withUnsafeTemporaryAllocation(byteCount: JournalEntry.size, alignment: 8) { raw in
            raw.storeBytes(of: delivery.event.rawValue.littleEndian, as: UInt64.self)
            raw.storeBytes(of: delivery.queue.rawValue.littleEndian, toByteOffset: 8, as: UInt16.self)
            raw.storeBytes(of: UInt16(change.rawValue).littleEndian, toByteOffset: 10, as: UInt16.self)
            raw.storeBytes(of: progress.attempts.littleEndian, toByteOffset: 12, as: UInt32.self)
            raw.storeBytes(of: progress.attemptsBefore.littleEndian, toByteOffset: 16, as: UInt32.self)
            raw.storeBytes(of: progress.since.littleEndian, toByteOffset: 20, as: Int64.self)
            raw.storeBytes(of: notBefore.littleEndian, toByteOffset: 28, as: Int64.self)
            bytes.append(contentsOf: raw)
        }
    }

    init(_ delivery: DeliveryID, _ change: Change, _ progress: Progress, notBefore: Int64 = 0) {
        self.delivery = delivery
        self.change = change
        self.progress = progress
        self.notBefore = notBefore
    }

    init?(_ reader: inout ByteReader) {
        guard let event = reader.number(UInt64.self), let queue = reader.number(UInt16.self),
            let code = reader.number(UInt16.self), let change = Change(rawValue: UInt8(truncatingIfNeeded: code)),
            let attempts = reader.number(UInt32.self), let before = reader.number(UInt32.self),
            let since = reader.number(Int64.self), let notBefore = reader.number(Int64.self)
        else { return nil }
        self.init(
            DeliveryID(event: EventNumber(rawValue: event), queue: QueueID(rawValue: queue)), change,
            Progress(attempts: attempts, attemptsBefore: before, since: since), notBefore: notBefore)
    }
}
