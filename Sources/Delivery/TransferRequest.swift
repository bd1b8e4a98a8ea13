/// One HTTP request to be made.
struct TransferRequest: Sendable {
    /// What its owner knows it by.
    var tag: UInt64
    /// The URL, rendered.
    var url: [UInt8]
    /// The method.
    var method: String
    /// Header lines as libcurl takes them.
    var headers: HeaderLines
    /// The body.
    var body: [UInt8]
    /// From connect to last byte, in milliseconds.
    var timeoutMilliseconds: Int64
    /// How the endpoint is connected to.
    var connection: ConnectionProfile
    /// The endpoint, if it is spoken to without libcurl's help.
    var plain: PlainEndpoint?
    /// How much of the answer's body is kept, in bytes.
    var keptBodyBytes = AttemptEnding.Answer.keptBodyBytes
    /// If it goes to a service of AWS, whose answers say more than their status, what they tell of.
    var aws: AWSAnswer.Subject?
    /// What of its URL is shown nowhere.
    var secrets: [String] = []
    /// As the record shows it.
    var place: String
    /// Where its end is reported, and who may cancel it.
    var owner: any TransferOwner
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
