extension Request {
    /// A request read back from bytes that stay where they are: its head as `RequestHead.written` has it, and its body. `nil` if
    /// the head can't be read.
    public init?(storedHead: UnsafeRawBufferPointer, body: UnsafeRawBufferPointer, peer: PeerAddress) {
        var limits = ServerLimits()
        // It was read once, by limits that may have been others.
        limits.headerBytes = max(limits.headerBytes, storedHead.count + 1)
        var parser = HeadParser(limits)
        do throws(Refusal) {
            guard let parsed = try parser.parse(storedHead, peer: peer) else { return nil }
            self.init(head: parsed.head, body: body)
        } catch {
            return nil
        }
    }
}

extension RequestHead {
    /// Request line and headers as they can be read again.
    public var written: [UInt8] {
        var text = Array("\(method.name) ".utf8) + bytes[path]
        if !query.isEmpty { text += Array("?".utf8) + bytes[query] }
        text += " HTTP/1.1\r\n".utf8
        for field in fields { text += bytes[field.name] + Array(": ".utf8) + bytes[field.value] + Array("\r\n".utf8) }
        return text + Array("\r\n".utf8)
    }
}
