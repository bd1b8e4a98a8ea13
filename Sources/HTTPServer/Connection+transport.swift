import Glibc

/// Bytes in and out, with TLS around them or without.
extension Connection {
    /// Reads what is there: bytes, 0 at the end however it came about, `nil` if there is nothing now.
    @inline(__always)
    func read(into room: UnsafeMutableRawBufferPointer) -> Int? {
        if let tls { return tls.read(room) }
        let count = recv(descriptor, room.baseAddress, room.count, 0)
        if count >= 0 { return count }
        return errno == EAGAIN || errno == EINTR ? nil : 0
    }

    /// Sends of `output` what the client's side takes. False if the connection is broken.
    @inline(__always)
    func sendOutput() -> Bool {
        let result: Int? = output.withUnsafeBytes { bytes in
            let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
            if let tls { return tls.write(rest) }
            let count = send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
            if count >= 0 { return count }
            return errno == EAGAIN || errno == EINTR ? 0 : nil
        }
        sent += result ?? 0
        return result != nil
    }

    /// Whether something was read from the socket that has not been looked at: the kernel won't tell of it again.
    var hasPending: Bool { tls?.hasPending == true }

    /// Whether requests can be read, or the two sides still agree on keys.
    var isEstablished: Bool { tls?.isEstablished ?? true }
}
