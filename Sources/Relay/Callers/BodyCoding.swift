import CZlib
import HTTPServer
import Synchronization

/// A body's coding (RFC 9110 §8.4.1): what `content-encoding` may say.
enum BodyCoding: Sendable {
    case gzip
    /// What HTTP calls `deflate` is zlib's format (RFC 1950).
    case deflate

    /// Why a coded body can't be taken.
    enum Fault: Error {
        case unknown
        case malformed
        case tooLong(limitBytes: Int)
        /// Too many are being held.
        case full

        var response: Response {
            switch self {
            case .unknown:
                Answers.refusal(
                    415, "this content coding is not taken here", hint: "send the body plain, or in gzip or deflate",
                    headers: [.init("accept-encoding", "gzip, deflate")])
            case .malformed:
                Answers.refusal(
                    400, "the body is not what its content-encoding says", hint: "send it whole, with nothing behind it"
                )
            case .tooLong(let limit):
                Answers.refusal(413, "the body is too long", hint: "a body has at most \(limit) bytes, decoded")
            case .full:
                Answers.refusal(
                    503, "too many coded bodies are being taken at once", hint: "try again in a moment",
                    headers: [.init("retry-after", "10")])
            }
        }
    }

    /// The coding that a head announces; `nil` for none.
    static func of(_ head: RequestHead) throws(Fault) -> BodyCoding? {
        let (first, count) = head.values(of: "content-encoding")
        guard let first else { return nil }
        guard count == 1 else { throw .unknown }
        if head.isNamed(first, "identity") || first.isEmpty { return nil }
        // `x-gzip` is the same (RFC 9110 §8.4.1.3).
        if head.isNamed(first, "gzip") || head.isNamed(first, "x-gzip") { return .gzip }
        if head.isNamed(first, "deflate") { return .deflate }
        throw .unknown
    }

    /// Whether a body begins as one in this coding does (RFC 1952 §2.3.1, RFC 1950 §2.2).
    func begins(_ body: UnsafeRawBufferPointer) -> Bool {
        guard body.count >= 2 else { return false }
        return switch self {
        case .gzip: body[0] == 0x1F && body[1] == 0x8B
        case .deflate: body[0] & 15 == 8 && (Int(body[0]) << 8 | Int(body[1])) % 31 == 0
        }
    }
}

/// What the bodies decoded by one event loop hold until they are durable, in bytes. The loop adds, whoever lets go subtracts.
final class DecodedMemory: Sendable {
    /// The most that is held.
    static let limitBytes = 64 << 20

    private let held = Atomic(0)

    /// Takes note of more; `false` if that would be too much.
    func hold(_ bytes: Int) -> Bool {
        guard held.add(bytes, ordering: .relaxed).newValue <= DecodedMemory.limitBytes else {
            release(bytes)
            return false
        }
        return true
    }

    func release(_ bytes: Int) { held.subtract(bytes, ordering: .relaxed) }
}

/// A body decoded: its bytes stay where they are as long as somebody holds it.
///
/// Unchecked: written while it is made, then only read.
final class DecodedBody: @unchecked Sendable {
    /// A body of several gzip members (RFC 1952 §2.2) has no more.
    private static let memberLimit = 16
    private static let initialBytes = 16 << 10

    private let memory: DecodedMemory
    private var storage = UnsafeMutableRawBufferPointer(start: nil, count: 0)
    private var count = 0

    /// Decodes a body. It stops at the limit, however much would still come.
    init(_ coded: UnsafeRawBufferPointer, _ coding: BodyCoding, limitBytes: Int, memory: DecodedMemory)
        throws(BodyCoding.Fault)
    {
        self.memory = memory
        var rest = coded
        var members = 0
        repeat {
            members += 1
            guard coding.begins(rest), members <= DecodedBody.memberLimit else { throw .malformed }
            rest = UnsafeRawBufferPointer(rebasing: rest[try decodeMember(rest, limitBytes)...])
        } while !rest.isEmpty && coding == .gzip
        guard rest.isEmpty else { throw .malformed }
    }

    deinit {
        memory.release(storage.count)
        storage.deallocate()
    }

    /// The bytes.
    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: storage[..<count]) }

    /// Decodes one stream to its end; answers how many bytes it took.
    private func decodeMember(_ coded: UnsafeRawBufferPointer, _ limitBytes: Int) throws(BodyCoding.Fault) -> Int {
        var stream = hs_zlib_stream()
        guard Int(hs_inflate_open(&stream)) == HS_ZLIB_OK else { throw .full }
        defer { inflateEnd(&stream) }
        stream.next_in = coded.bindMemory(to: UInt8.self).baseAddress
        stream.avail_in = UInt32(coded.count)
        while true {
            // One byte of room more than may be there tells that it is too much.
            if count == storage.count { try grow(limitBytes + 1) }
            let room = storage.count - count
            stream.next_out = (storage.baseAddress! + count).assumingMemoryBound(to: UInt8.self)
            stream.avail_out = UInt32(room)
            let result = Int(inflate(&stream, Int32(HS_ZLIB_NO_FLUSH)))
            count += room - Int(stream.avail_out)
            if count > limitBytes { throw .tooLong(limitBytes: limitBytes) }
            if result == HS_ZLIB_STREAM_END { return coded.count - Int(stream.avail_in) }
            // No progress with room left: the body ends too early.
            guard result == HS_ZLIB_OK, stream.avail_in > 0 || stream.avail_out == 0 else { throw .malformed }
        }
    }

    private func grow(_ most: Int) throws(BodyCoding.Fault) {
        let wanted = min(most, max(DecodedBody.initialBytes, storage.count * 2))
        guard memory.hold(wanted) else { throw .full }
        let new = UnsafeMutableRawBufferPointer.allocate(byteCount: wanted, alignment: 16)
        new.copyMemory(from: UnsafeRawBufferPointer(rebasing: storage[..<count]))
        memory.release(storage.count)
        storage.deallocate()
        storage = new
    }
}
