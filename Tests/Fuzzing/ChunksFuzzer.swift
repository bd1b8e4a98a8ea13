@testable import HTTPServer

/// libFuzzer's entry: the first byte says how long the pieces are that a chunked body arrives in, the second what stands before
/// it. It means the same in pieces and whole, and what is decoded stays within the limit.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzChunks(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard count > 2, let bytes else { return 0 }
    let body = Array(UnsafeBufferPointer(start: bytes + 2, count: count - 2))
    let prefix = [UInt8](repeating: 0x78, count: Int(bytes[1] & 63))
    let step = Int(bytes[0] & 31) + 1
    let limit = bytes[0] & 32 == 0 ? 1 << 20 : 30
    let sent = prefix.count + body.count
    let whole = ChunkedOutcome(body, prefix: prefix, limitBytes: limit)
    let pieces = Array(stride(from: prefix.count, to: sent, by: step))
    precondition(
        ChunkedOutcome(body, prefix: prefix, arrivingAt: pieces, limitBytes: limit) == whole,
        "pieces mean something else")
    if case .whole(let decoded, let end) = whole {
        precondition(end <= sent && decoded.unicodeScalars.count <= min(limit, body.count))
        precondition(body[end - prefix.count - 1] == 0x0A && body[end - prefix.count - 2] == 0x0D)
    }
    return 0
}
