import HTTPServer

/// A request on its way out of the quarantine: taken like any other, but that an operator vouches for when it came.
///
/// Unchecked: its memory is written while it is made, then only read.
final class Release: @unchecked Sendable {
    /// The source's name.
    let source: String
    /// When it came, in milliseconds since 1970: by that its signature's time is judged.
    let receivedAt: Int64
    /// Whether it is taken although its signature still fails.
    let isForced: Bool
    /// Told what became of it, on any thread.
    let reply: @Sendable (Response) -> Void
    private let peer: PeerAddress
    private let headCount: Int
    private let storage: UnsafeMutableRawBufferPointer

    init(_ kept: QuarantinedRequest, isForced: Bool, reply: @escaping @Sendable (Response) -> Void) {
        source = kept.source
        receivedAt = kept.receivedAt
        self.isForced = isForced
        self.reply = reply
        peer = PeerAddress(kept.client) ?? .local
        headCount = kept.head.count
        storage = .allocate(byteCount: max(1, kept.head.count + kept.body.count), alignment: 16)
        storage.copyBytes(from: kept.head + kept.body)
        bodyCount = kept.body.count
    }

    private let bodyCount: Int

    deinit { storage.deallocate() }

    /// The request; its bytes stay in place as long as this lives. `nil` if its head can't be read.
    var request: Request? {
        let bytes = UnsafeRawBufferPointer(storage)
        return Request(
            storedHead: UnsafeRawBufferPointer(rebasing: bytes[..<headCount]),
            body: UnsafeRawBufferPointer(rebasing: bytes[headCount..<(headCount + bodyCount)]), peer: peer)
    }
}
