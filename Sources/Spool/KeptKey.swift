/// A key with the event that it was seen with. 32 bytes: number u64 · hash 16 bytes · until i64.
struct KeptKey: Sendable, Equatable {
    var key: DedupeKey
    var number: UInt64

    init(key: DedupeKey, number: UInt64) {
        self.key = key
        self.number = number
    }

    func encode(into bytes: inout [UInt8]) {
        bytes.append(littleEndian: number)
        key.encode(into: &bytes)
    }

    init?(_ reader: inout ByteReader) {
        guard let number = reader.number(UInt64.self), let key = DedupeKey(&reader) else { return nil }
        self.number = number
        self.key = key
    }
}
