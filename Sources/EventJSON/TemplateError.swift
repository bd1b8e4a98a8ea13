/// What is wrong with a template, and at which byte of its text.
public struct TemplateError: Error, Equatable, Sendable {
    /// The fault, as a sentence without a full stop.
    public var message: String
    /// The byte at which the placeholder begins, from 0.
    public var offset: Int

    /// A fault at a byte.
    public init(_ message: String, at offset: Int) {
        self.message = message
        self.offset = offset
    }
}
