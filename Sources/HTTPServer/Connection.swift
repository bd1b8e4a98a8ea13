/// One client's connection: what it has sent, what it is owed, and until when. Owned by its event loop.
final class Connection {
    /// What it is doing.
    enum Phase {
        /// Waiting for the PROXY header, or in the middle of it.
        case proxyHeader
        /// Waiting for a request, or in the middle of its headers.
        case head
        /// In the middle of a body of known length, which ends at `end`.
        case body(end: Int)
        /// In the middle of a chunked body.
        case chunks(ChunkedBody)
        /// Its request is with the handler; nothing is read, so that its bytes stay in place.
        case handling(Manners)
        /// It was refused, or has had its last answer: what it still sends is thrown away until it has read ours.
        case lingering
    }

    /// What the request in hand asks of its answer.
    struct Manners {
        /// Whether the connection lasts.
        var keepsAlive: Bool
        /// Whether that is to be said.
        var saysKeepAlive: Bool
        /// Whether the body stays away.
        var isHead: Bool
    }

    let descriptor: Int32
    let generation: UInt32
    /// Who it comes from: the client that a PROXY header names, once it has been read.
    var peer: PeerAddress
    var phase = Phase.head
    /// What its bytes are wrapped in, if it is TLS.
    var tls: TLSSession?
    /// Whether it has one of the places that the limits allow; what is only sent away has none.
    var hasPlace = false
    /// Whether it counts among its address's connections.
    var hasAddressPlace = false
    /// Nothing has come of it yet.
    var isFresh = true
    var parser: HeadParser
    var parsed: HeadParser.Parsed?
    var bodyLimitBytes = 0
    /// Present while anything has come that is not yet done with.
    var buffer: ReceiveBuffer?
    /// What is still to be sent.
    var output: [UInt8] = []
    var sent = 0
    /// The present phase ends at this time at the latest, in nanoseconds of the monotonic clock.
    var deadline: Int64
    /// Where the request in hand ends in the buffer.
    var requestEnd = 0
    /// What the kernel watches for.
    var interest: UInt32 = 0
    /// The client has closed its side, or the connection broke, while its request was with the handler.
    var isGone = false
    var closesAfterOutput = false
    /// Its request is still with the handler, and has its answer all the same.
    var isAnsweredEarly = false
    var isQueued = false
    /// Answers in `output`, or begun there.
    var unreadAnswers = 0
    /// Its next request waits until its client has read the answers before it.
    var isHeldBack = false
    /// Bytes thrown away while lingering.
    var lingered = 0

    init(_ descriptor: Int32, generation: UInt32, peer: PeerAddress, parser: HeadParser, deadline: Int64) {
        self.descriptor = descriptor
        self.generation = generation
        self.peer = peer
        self.parser = parser
        self.deadline = deadline
    }

    /// Whether it is between two requests.
    var isIdle: Bool {
        if case .head = phase { buffer == nil && output.isEmpty } else { false }
    }
}
