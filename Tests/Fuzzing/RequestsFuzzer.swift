@testable import HTTPServer

/// libFuzzer's entry: the first byte says how long the pieces are that the rest arrives in. Whatever it is, the head means the
/// same in pieces and whole; and one that is read leaves no doubt about where its body ends, nor holds a byte that none may.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzRequests(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard count > 1, let bytes else { return 0 }
    let request = Array(UnsafeBufferPointer(start: bytes + 1, count: count - 1))
    let step = Int(bytes[0] & 31) + 1
    var limits = ServerLimits()
    // Small ones are met more often.
    if bytes[0] & 32 != 0 { (limits.headerBytes, limits.headerCount, limits.targetBytes) = (220, 6, 40) }
    let whole = HeadOutcome(request, limits: limits)
    let pieces = Array(stride(from: step, to: request.count, by: step))
    precondition(HeadOutcome(request, arrivingAt: pieces, limits: limits) == whole, "pieces mean something else")
    guard let head = whole.head else { return 0 }
    precondition(head.end <= request.count && head.end <= limits.headerBytes + 2)
    func occurrences(_ name: String) -> Int { head.fields.count { $0.lowercased().hasPrefix(name + ":") } }
    let (lengths, codings) = (occurrences("content-length"), occurrences("transfer-encoding"))
    precondition(lengths + codings <= 1 && occurrences("host") <= 1, "framed in two ways, or for two hosts")
    precondition((head.framing == .chunked) == (codings == 1) && (head.framing == .none) == (lengths + codings == 0))
    for index in 0..<head.end {
        switch request[index] {
        case 0x0A: precondition(index > 0 && request[index - 1] == 0x0D, "a bare line feed was taken")
        case 0x0D: precondition(index + 1 < head.end && request[index + 1] == 0x0A, "a bare carriage return was taken")
        case 0x09, 0x20...0x7E, 0x80...0xFF: break
        default: preconditionFailure("a control byte was taken")
        }
    }
    return 0
}
