@testable import HTTPServer

/// libFuzzer's entry: what a connection begins with where a PROXY header is read. However much of it has come, it is either not
/// whole yet, or refused, or always the same header; and what is refused at once stays refused.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzProxy(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let all = UnsafeRawBufferPointer(start: bytes, count: count)
    var known: Result<ProxyHeader, ProxyHeader.Malformed>?
    for seen in 0...count {
        // In memory of its own, so that a byte read too far is found.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: seen, alignment: 1)
        defer { copy.deallocate() }
        copy.copyMemory(from: UnsafeRawBufferPointer(rebasing: all.prefix(seen)))
        let outcome: Result<ProxyHeader, ProxyHeader.Malformed>?
        do throws(ProxyHeader.Malformed) {
            outcome = try ProxyHeader.read(UnsafeRawBufferPointer(copy)).map { .success($0) }
        } catch {
            outcome = .failure(error)
        }
        switch (known, outcome) {
        case (nil, nil): break
        case (nil, .success(let header)?):
            precondition(header.length == seen && seen <= ProxyHeader.limitBytes, "more than the header was taken")
            known = outcome
        case (nil, .failure?): known = outcome
        case (.success(let before)?, .success(let after)?): precondition(before == after, "what follows changes it")
        case (.failure?, .failure?): break
        default: preconditionFailure("more bytes made another outcome of it")
        }
    }
    precondition(known != nil || count <= ProxyHeader.limitBytes, "it is waited for without end")
    return 0
}
