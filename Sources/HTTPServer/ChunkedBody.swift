/// Takes a chunked body apart in the buffer where it lies: the data moves together at the front (RFC 9112 §7.1). No I/O.
struct ChunkedBody {
    private enum State {
        case size, data(left: Int), dataEnd, trailers
    }

    /// One line that says a chunk's size, with its extensions.
    static let sizeLineLimitBytes = 1024
    /// All extensions of a body together: one that is mostly extensions only wants to be a burden.
    static let extensionLimitBytes = 16 << 10
    /// All trailers together.
    static let trailerLimitBytes = 8 << 10

    /// Where the body begins, and where what was decoded ends.
    let start: Int
    private(set) var decodedEnd: Int
    /// Where the next byte to read stands.
    private(set) var position: Int
    private var state = State.size
    private var extensionBytes = 0
    private var trailerBytes = 0

    init(at offset: Int) {
        start = offset
        decodedEnd = offset
        position = offset
    }

    /// Where framing stood that has been read: between what was decoded and what is still to be read.
    var gap: Range<Int> { decodedEnd..<position }

    /// What is still to be read has moved up to what was decoded.
    mutating func closeGap() { position = decodedEnd }

    /// Decodes what has come. `true` when the body is whole; then `position` is behind it.
    mutating func decode(_ bytes: UnsafeMutableRawBufferPointer, limitBytes: Int) throws(Refusal) -> Bool {
        while true {
            switch state {
            case .size:
                guard let line = try line(bytes, limit: ChunkedBody.sizeLineLimitBytes) else { return false }
                let size = try size(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(bytes)[line]))
                guard decodedEnd - start + size <= limitBytes else {
                    throw Refusal(413, "the body is too long", hint: "a body has at most \(limitBytes) bytes")
                }
                state = size == 0 ? .trailers : .data(left: size)
            case .data(let left):
                let count = min(left, bytes.count - position)
                if count == 0 { return false }
                if decodedEnd != position {
                    (bytes.baseAddress! + decodedEnd).copyMemory(from: bytes.baseAddress! + position, byteCount: count)
                }
                decodedEnd += count
                position += count
                state = count == left ? .dataEnd : .data(left: left - count)
            case .dataEnd:
                guard bytes.count - position >= 2 else { return false }
                guard bytes[position] == 0x0D, bytes[position + 1] == 0x0A else {
                    throw .malformed("a chunk does not end where its size says")
                }
                position += 2
                state = .size
            case .trailers:
                let left = ChunkedBody.trailerLimitBytes - trailerBytes
                guard let line = try line(bytes, limit: left) else { return false }
                if line.isEmpty { return true }
                // Nobody asks for what a trailer says, but it has to be one (RFC 9112 §7.1.2).
                _ = try FieldLine.parse(UnsafeRawBufferPointer(bytes), line)
                trailerBytes += line.count + 2
            }
        }
    }

    private mutating func line(_ bytes: UnsafeMutableRawBufferPointer, limit: Int) throws(Refusal) -> Range<Int>? {
        guard let feed = ByteSearch.first(0x0A, in: UnsafeRawBufferPointer(bytes), from: position) else {
            if bytes.count - position > limit { throw .malformed("a chunk's size line or the trailers are too long") }
            return nil
        }
        guard feed - position <= limit, feed > position, bytes[feed - 1] == 0x0D else {
            throw .malformed("a line of a chunked body is too long or ends with a bare line feed")
        }
        defer { position = feed + 1 }
        return position..<(feed - 1)
    }

    /// Reads a chunk's size; what stands behind a semicolon is passed over (RFC 9112 §7.1.1).
    private mutating func size(_ line: UnsafeRawBufferPointer) throws(Refusal) -> Int {
        var size = 0
        var index = 0
        while index < line.count, let digit = line[index].hexValue {
            guard index < 15 else { throw .malformed("a chunk's size is too large") }
            size = size << 4 | digit
            index += 1
        }
        guard index > 0 else { throw .malformed("a chunk has no size") }
        if index == line.count { return size }
        extensionBytes += line.count - index
        guard extensionBytes <= ChunkedBody.extensionLimitBytes else {
            throw .malformed("the chunks' extensions are too long")
        }
        let hasControl = line.contains { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }
        guard line[index] == 0x3B, !hasControl else {
            throw .malformed("a chunk's size is followed by something that is no extension")
        }
        return size
    }
}

extension UInt8 {
    fileprivate var hexValue: Int? {
        switch self {
        case 0x30...0x39: Int(self - 0x30)
        case 0x41...0x46: Int(self - 0x37)
        case 0x61...0x66: Int(self - 0x57)
        default: nil
        }
    }
}
