import HTTPServer

/// libFuzzer's entry: bytes are what a stranger wrote in `Forwarded` and `X-Forwarded-For`, before a proxy that is trusted
/// added to them. Whatever they are, nothing breaks, and what the proxy added is what counts, or the header is refused.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzForwarded(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let text = String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    let added = PeerAddress("203.0.113.7")
    let stations = ForwardedHeader.stations(xForwardedFor: [text + ", 203.0.113.7"])
    precondition(stations.last == added, "what a stranger wrote hides what the proxy added")
    if let stations = ForwardedHeader.stations(forwarded: [text + ", for=203.0.113.7"]) {
        precondition(stations.last == added, "what a stranger wrote hides what the proxy added")
    }
    if let one = ForwardedHeader.stations(forwarded: [text]) {
        // Two headers or one list: the same.
        precondition(ForwardedHeader.stations(forwarded: [text, "for=203.0.113.7"]) == one + [added])
        precondition(ForwardedHeader.stations(forwarded: [text + ", for=203.0.113.7"]) == one + [added])
    }
    return 0
}
