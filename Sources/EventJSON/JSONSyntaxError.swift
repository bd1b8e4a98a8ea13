/// What is wrong with a text that should be JSON, and at which byte.
public struct JSONSyntaxError: Error, Equatable, Sendable {
    /// The fault, as a sentence without a full stop.
    public var message: String
    /// The byte at which it was seen, from 0.
    public var offset: Int

    /// A fault at a byte.
    public init(_ message: String, at offset: Int) {
        self.message = message
        self.offset = offset
    }
}
