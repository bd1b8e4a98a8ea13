/// Who works with a client's connection. All calls come on the client's thread.
public protocol ClientOwner: AnyObject, Sendable {
    /// A connection stands: what was sent on one before may have been lost.
    func connected(to server: ServerInfo)
    /// The connection ended, or none could be made.
    func disconnected(_ fault: NATSFault)
    /// The server does not allow something that was sent. Who asked for an answer with it has been told.
    func denied(_ denial: Denial)
    /// A message came that answers no request of the client's.
    func received(_ message: Message)
    /// All messages that came at once were handed over.
    func receivedAll()
    /// Time has passed: about every `Client.tickMilliseconds`. `now` is by the steady clock, in milliseconds.
    func tick(now: Int64)
}
