/// What patterns may ask of the request that brought an event, beside its body. The bytes are borrowed for one match.
public protocol RequestFields {
    /// Hands over the texts that stand at a place of the request: none, one, or several for a header that comes twice.
    func texts(at key: FieldKey, _ take: (UnsafeRawBufferPointer) -> Void)
}

/// No request: only the body is looked at.
public struct NoRequest: RequestFields {
    /// No request.
    public init() {}

    /// Hands over nothing.
    public func texts(at key: FieldKey, _ take: (UnsafeRawBufferPointer) -> Void) {}
}
