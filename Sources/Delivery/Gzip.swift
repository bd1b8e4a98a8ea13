import CZlib
import Glibc

/// Compresses whole files (RFC 1952), through zlib.
enum Gzip {
    private static let chunkBytes = 256 << 10

    /// Replaces a file by `PATH.gz`, durably: the compressed file is whole and synced before the original goes. What a crash
    /// leaves half done (`PATH.gz.part`) is begun anew.
    static func replace(_ path: String) throws(LineFile.Fault) {
        let source = open(path, O_RDONLY | O_CLOEXEC)
        guard source >= 0 else { throw LineFile.Fault(call: "open", path: path, errno: errno) }
        defer { close(source) }
        var status = stat()
        guard fstat(source, &status) == 0 else { throw LineFile.Fault(call: "stat", path: path, errno: errno) }
        let part = path + ".gz.part"
        let target = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, status.st_mode & 0o777)
        guard target >= 0 else { throw LineFile.Fault(call: "open", path: part, errno: errno) }
        defer { close(target) }
        fchmod(target, status.st_mode & 0o777)
        do throws(LineFile.Fault) {
            try copy(source, path, to: target, part)
            guard fsync(target) == 0 else { throw LineFile.Fault(call: "fsync", path: part, errno: errno) }
            guard rename(part, path + ".gz") == 0 else {
                throw LineFile.Fault(call: "rename", path: part, errno: errno)
            }
        } catch {
            unlink(part)
            throw error
        }
        LineFile.syncDirectory(of: path)
        unlink(path)
    }

    private static func copy(_ source: Int32, _ path: String, to target: Int32, _ part: String) throws(LineFile.Fault) {
        var stream = hs_zlib_stream()
        guard hs_gzip_open(&stream) == Int32(HS_ZLIB_OK) else {
            throw LineFile.Fault(call: "deflate", path: path, errno: ENOMEM)
        }
        defer { deflateEnd(&stream) }
        var input = [UInt8](repeating: 0, count: chunkBytes)
        var output = [UInt8](repeating: 0, count: chunkBytes)
        var isAtEnd = false
        while !isAtEnd {
            let count = read(source, &input, input.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw LineFile.Fault(call: "read", path: path, errno: errno) }
            isAtEnd = count == 0
            var fault: LineFile.Fault?
            input.withUnsafeBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(count)
                repeat {
                    let produced = output.withUnsafeMutableBufferPointer { output in
                        stream.next_out = output.baseAddress
                        stream.avail_out = UInt32(output.count)
                        _ = deflate(
                            &stream, isAtEnd ? Int32(HS_ZLIB_FINISH) : Int32(HS_ZLIB_NO_FLUSH))
                        return output.count - Int(stream.avail_out)
                    }
                    fault = write(output[..<produced], to: target, part)
                } while stream.avail_out == 0 && fault == nil
            }
            if let fault { throw fault }
        }
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to target: Int32, _ part: String) -> LineFile.Fault? {
        bytes.withUnsafeBytes { bytes in
            var written = 0
            while written < bytes.count {
                let count = Glibc.write(target, bytes.baseAddress! + written, bytes.count - written)
                if count < 0 && errno == EINTR { continue }
                guard count >= 0 else { return LineFile.Fault(call: "write", path: part, errno: errno) }
                written += count
            }
            return nil
        }
    }
}
