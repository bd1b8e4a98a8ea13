import CPlatform

/// The one format of everything durable: a header, then the payload, padded to eight bytes.
///
/// ```
/// 0      4      8        12     13    16          24         32
/// magic  crc    length   kind   zero  generation  sequence   payload … padding
/// ```
/// All numbers are little-endian. `crc` is CRC32C over everything from `length` to the payload's end. `generation` is the
/// file's own (`FileHeader.generation`), so that a stale record of another file never counts; events' `sequence` rises within a file.
enum Record {
    /// What a record is.
    enum Kind: UInt8 {
        /// An event.
        case event = 1
        /// Which queue numbers stand for which targets.
        case queues = 2
        /// Outcomes of deliveries.
        case outcomes = 3
        /// What one queue is owed of one segment: a checkpoint's part.
        case standing = 4
        /// The end of a checkpoint: without it the checkpoint does not count.
        case checkpoint = 5
        /// Where a sealed segment's records stand and what they owed.
        case index = 6
        /// Where the index stands: a sealed segment's last record.
        case trailer = 7
        /// Keys of events whose segment is gone, so that a repetition is still known.
        case keys = 8
        /// A fact of the notebook.
        case note = 16
        /// What is kept apart from the events.
        case quarantined = 17
        /// Numbers of what is not kept apart any more.
        case settled = 18
    }

    /// A header read.
    struct Header {
        var length: Int
        var kind: Kind
        var sequence: UInt64
        /// Bytes to the next record.
        var size: Int { Record.paddedSize(payload: length) }
    }

    static let headerBytes = 32
    static let lengthOffset = 8
    static let sequenceOffset = 24
    static let magic: UInt32 = 0x524B_5348  // "HSKR"
    /// No payload is longer: the largest body and its attributes, with room.
    static let payloadLimitBytes = 1 << 30

    static func paddedSize(payload: Int) -> Int { (headerBytes + payload + 7) & ~7 }

    /// Appends a header whose payload begins with what `head` appends, and goes on with `body`, which is written from elsewhere.
    /// Answers the payload's length.
    @discardableResult
    static func begin(
        _ kind: Kind, generation: UInt64, sequence: UInt64, body: UnsafeRawBufferPointer, into bytes: inout [UInt8],
        head: (inout [UInt8]) -> Void
    ) -> Int {
        let start = bytes.count
        bytes += blankHeader
        head(&bytes)
        let length = bytes.count - start - headerBytes + body.count
        bytes.withUnsafeMutableBytes { all in
            let header = UnsafeMutableRawBufferPointer(rebasing: all[start...])
            header.storeBytes(of: magic.littleEndian, as: UInt32.self)
            header.storeBytes(of: UInt32(length).littleEndian, toByteOffset: lengthOffset, as: UInt32.self)
            header.storeBytes(of: UInt32(kind.rawValue).littleEndian, toByteOffset: 12, as: UInt32.self)
            header.storeBytes(of: generation.littleEndian, toByteOffset: 16, as: UInt64.self)
            header.storeBytes(of: sequence.littleEndian, toByteOffset: sequenceOffset, as: UInt64.self)
            var crc = hs_crc32c(0, header.baseAddress! + lengthOffset, header.count - lengthOffset)
            if !body.isEmpty { crc = hs_crc32c(crc, body.baseAddress, body.count) }
            header.storeBytes(of: crc.littleEndian, toByteOffset: 4, as: UInt32.self)
        }
        return length
    }

    private static let blankHeader = [UInt8](repeating: 0, count: headerBytes)

    /// A whole record.
    static func encode(_ kind: Kind, generation: UInt64, sequence: UInt64, payload: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(paddedSize(payload: payload.count))
        begin(
            kind, generation: generation, sequence: sequence, body: UnsafeRawBufferPointer(start: nil, count: 0),
            into: &bytes
        ) { $0 += payload }
        bytes.append(contentsOf: repeatElement(0, count: paddedSize(payload: payload.count) - bytes.count))
        return bytes
    }

    /// Reads a header; `nil` if there is none of this generation.
    static func header(_ bytes: UnsafeRawBufferPointer, generation: UInt64) -> Header? {
        guard bytes.count >= headerBytes,
            bytes.littleEndian(at: 0, as: UInt32.self) == magic,
            bytes.littleEndian(at: 16, as: UInt64.self) == generation,
            let kind = Kind(rawValue: bytes[12])
        else { return nil }
        let length = Int(bytes.littleEndian(at: lengthOffset, as: UInt32.self))
        guard length <= payloadLimitBytes else { return nil }
        return Header(length: length, kind: kind, sequence: bytes.littleEndian(at: 24, as: UInt64.self))
    }

    /// Whether a whole record's bytes are what was written.
    static func isIntact(_ bytes: UnsafeRawBufferPointer, length: Int) -> Bool {
        let crc = hs_crc32c(0, bytes.baseAddress! + 8, headerBytes - 8 + length)
        return crc == bytes.littleEndian(at: 4, as: UInt32.self)
    }
}

extension [UInt8] {
    mutating func append<Number: FixedWidthInteger & BitwiseCopyable>(littleEndian value: Number) {
        append(addingCapacity: MemoryLayout<Number>.size) { span in
            for place in 0..<MemoryLayout<Number>.size { span.append(UInt8(truncatingIfNeeded: value >> (8 * place))) }
        }
    }
}

extension UnsafeRawBufferPointer {
    func littleEndian<Number: FixedWidthInteger>(at offset: Int, as type: Number.Type) -> Number {
        Number(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }
}

/// Reads numbers and bytes one after the other; answers `nil` past the end, so that no damaged length is trusted.
struct ByteReader {
    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { offset >= bytes.count }

    mutating func number<Number: FixedWidthInteger>(_ type: Number.Type) -> Number? {
        guard offset + MemoryLayout<Number>.size <= bytes.count else { return nil }
        defer { offset += MemoryLayout<Number>.size }
        return bytes.littleEndian(at: offset, as: type)
    }

    mutating func take(_ count: Int) -> UnsafeRawBufferPointer? {
        guard count >= 0, offset + count <= bytes.count else { return nil }
        defer { offset += count }
        return UnsafeRawBufferPointer(rebasing: bytes[offset..<(offset + count)])
    }
}
