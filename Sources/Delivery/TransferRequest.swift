/// One HTTP request to be made. It never changes: on its way from hand to hand one reference is counted, and not one for each of its parts.
final class TransferRequest: Sendable {
    /// What its owner knows it by.
    let tag: UInt64
    /// The URL, rendered.
    let url: [UInt8]
    /// The method.
    let method: String
    /// Header lines as libcurl takes them.
    let headers: HeaderLines
    /// The body.
    let body: [UInt8]
    /// From connect to last byte, in milliseconds.
    let timeoutMilliseconds: Int64
    /// How the endpoint is connected to.
    let connection: ConnectionProfile
    /// The endpoint, if it is spoken to without libcurl's help.
    let plain: PlainEndpoint?
    /// How much of the answer's body is kept, in bytes.
    let keptBodyBytes: Int
    /// If it goes to a service of AWS, whose answers say more than their status, what they tell of.
    let aws: AWSAnswer.Subject?
    /// What of its URL is shown nowhere.
    let secrets: [String]
    /// As the record shows it.
    let place: String
    /// Where its end is reported, and who may cancel it.
    let owner: any TransferOwner

    init(
        tag: UInt64, url: [UInt8], method: String, headers: HeaderLines, body: [UInt8], timeoutMilliseconds: Int64,
        connection: ConnectionProfile, plain: PlainEndpoint? = nil,
        keptBodyBytes: Int = AttemptEnding.Answer.keptBodyBytes, aws: AWSAnswer.Subject? = nil, secrets: [String] = [],
        place: String, owner: any TransferOwner
    ) {
        self.tag = tag
        self.url = url
        self.method = method
        self.headers = headers
        self.body = body
        self.timeoutMilliseconds = timeoutMilliseconds
        self.connection = connection
        self.plain = plain
        self.keptBodyBytes = keptBodyBytes
        self.aws = aws
        self.secrets = secrets
        self.place = place
        self.owner = owner
    }
}

/// How a request ended.
struct TransferReport: Sendable {
    /// What its owner knows it by.
    var tag: UInt64
    var ending: AttemptEnding
    /// As the record shows it.
    var place: String
    var endedAt: Moment
}

/// Whoever has requests made by the transfer loop.
protocol TransferOwner: AnyObject, Sendable {
    /// Requests have ended: all of one wake-up. Called on the loop's thread; it must not block.
    func ended(_ reports: [TransferReport])
}
