import CPlatform
import Foundation

/// The same writes and syncs as the spool's, with nothing around them: zeros a step ahead, the group in one pwritev(2), one
/// fdatasync(2); a new file once one is full.
final class BareDisk {
    /// What the spool writes beside a body: the record's header, what it owes, 64 bytes of attributes, and padding.
    private static let recordBytes = 128
    private static let fileBytes = 64 << 20
    private static let zeroBytes = 1 << 20

    private let path: String
    /// A record's header and its body; the vectors point into them.
    private let parts: [Blob]
    private let vectors: [iovec]
    private let groupBytes: Int
    private let zeros = [UInt8](repeating: 0, count: zeroBytes)
    private var descriptor: Int32 = -1
    private var end = 0
    private var zeroed = 0

    init(_ path: String, group: Int, bodyBytes: Int) {
        self.path = path
        let parts = [Blob(BareDisk.recordBytes), Blob(bodyBytes)]
        self.parts = parts
        groupBytes = group * (BareDisk.recordBytes + bodyBytes)
        vectors = (0..<group).flatMap { _ in
            parts.map {
                iovec(iov_base: UnsafeMutableRawPointer(mutating: $0.bytes.baseAddress), iov_len: $0.bytes.count)
            }
        }
    }

    deinit { close(descriptor) }

    /// Appends one group durably.
    func append() throws { try write(vectors, groupBytes) }

    private func write(_ vectors: [iovec], _ bytes: Int) throws {
        if descriptor < 0 || end + bytes > BareDisk.fileBytes { try begin() }
        while zeroed < end + bytes {
            guard pwrite(descriptor, zeros, zeros.count, off_t(zeroed)) == zeros.count else { throw fault("pwrite") }
            zeroed += zeros.count
        }
        guard hs_pwritev(descriptor, vectors, Int32(vectors.count), Int64(end)) == bytes else { throw fault("pwritev") }
        guard fdatasync(descriptor) == 0 else { throw fault("fdatasync") }
        end += bytes
    }

    private func begin() throws {
        if descriptor >= 0 { close(descriptor) }
        unlink(path)
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o640)
        guard descriptor >= 0, fsync(descriptor) == 0 else { throw fault("open") }
        end = 0
        zeroed = 0
    }

    private func fault(_ call: String) -> BenchmarkFault {
        BenchmarkFault("\(call) \(path): \(String(cString: strerror(errno)))")
    }
}
