import Glibc

/// Standard output and standard error, written at once and whole, without C's buffers. May be used from any thread.
public enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    /// Whether a person reads it.
    public var isTerminal: Bool { isatty(rawValue) == 1 }

    /// Writes bytes. False if nobody reads them any more, or the disk behind it is full.
    @discardableResult
    public func write(_ bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { bytes in
            var done = 0
            while done < bytes.count {
                let count = Glibc.write(rawValue, bytes.baseAddress! + done, bytes.count - done)
                if count < 0 && errno == EINTR { continue }
                if count <= 0 { return false }
                done += count
            }
            return true
        }
    }

    /// Writes a text.
    @discardableResult
    public func write(_ text: String) -> Bool { write(Array(text.utf8)) }
}
