/// Which numbers stand for which targets, as a record's payload: count u16 · (number u16, length u16, name) …
enum QueueTable {
    static func encode(_ queues: [QueueID: String]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: UInt16(queues.count))
        for (queue, name) in queues.sorted(by: { $0.key < $1.key }) {
            bytes.append(littleEndian: queue.rawValue)
            bytes.append(littleEndian: UInt16(name.utf8.count))
            bytes.append(contentsOf: name.utf8)
        }
        return bytes
    }

    static func decode(_ bytes: UnsafeRawBufferPointer) -> [QueueID: String] {
        var reader = ByteReader(bytes)
        var queues: [QueueID: String] = [:]
        for _ in 0..<(reader.number(UInt16.self) ?? 0) {
            guard let number = reader.number(UInt16.self), let length = reader.number(UInt16.self),
                let name = reader.take(Int(length))
            else { break }
            queues[QueueID(rawValue: number)] = String(decoding: name, as: UTF8.self)
        }
        return queues
    }
}
