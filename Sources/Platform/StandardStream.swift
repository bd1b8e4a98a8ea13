import Glibc
import Synchronization

/// Standard output and standard error, written at once and whole, without C's buffers. May be used from any thread.
public enum StandardStream: Int32, Sendable {
    case output = 1
    case error = 2

    private static let firstFault = Atomic<Int32>(0)

    /// Why standard output could not be written at first, a number of errno(3); `nil` if all that was to go there did, or if its
    /// reader had enough.
    public static var outputFault: Int32? {
        let fault = firstFault.load(ordering: .relaxed)
        return fault == 0 || fault == EPIPE ? nil : fault
    }

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
                if count <= 0 {
                    if self == .output {
                        _ = StandardStream.firstFault.compareExchange(
                            expected: 0, desired: count < 0 ? errno : EIO, ordering: .relaxed)
                    }
                    return false
                }
                done += count
            }
            return true
        }
    }

    /// Writes a text.
    @discardableResult
    public func write(_ text: String) -> Bool { write(Array(text.utf8)) }
}
