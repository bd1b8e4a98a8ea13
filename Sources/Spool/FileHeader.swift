import CPlatform

/// The first 32 bytes of every file of the spool: what it is, in which version, and its first number.
///
/// ```
/// 0          8        12      16     24    28
/// "HOOKSPOL" version  purpose first  crc   zero
/// ```
struct FileHeader {
    /// What a file holds.
    enum Purpose: UInt32 {
        case segment = 1
        case journal = 2
        case notes = 16
        case quarantine = 17
    }

    static let size = 32
    /// The version that this program writes, and the newest that it reads.
    static let version: UInt32 = 1
    private static let magic = Array("HOOKSPOL".utf8)

    var purpose: Purpose
    var first: UInt64

    var encoded: [UInt8] {
        var bytes = FileHeader.magic
        bytes.append(littleEndian: FileHeader.version)
        bytes.append(littleEndian: purpose.rawValue)
        bytes.append(littleEndian: first)
        bytes.append(littleEndian: bytes.withUnsafeBytes { hs_crc32c(0, $0.baseAddress, $0.count) })
        bytes.append(littleEndian: UInt32(0))
        return bytes
    }

    /// Reads a file's header; `nil` if the file has none, as when it was made and not yet synced at a power cut.
    /// - Throws: `SpoolError.newerVersion` if a newer program wrote it.
    static func read(_ file: any DiskFile, path: String) throws(SpoolError) -> FileHeader? {
        let bytes = try file.read(size, at: 0)
        guard bytes.count == size, bytes.starts(with: magic) else { return nil }
        let fields = bytes.withUnsafeBytes { raw in
            (
                version: raw.littleEndian(at: 8, as: UInt32.self), purpose: raw.littleEndian(at: 12, as: UInt32.self),
                first: raw.littleEndian(at: 16, as: UInt64.self), crc: raw.littleEndian(at: 24, as: UInt32.self),
                expected: hs_crc32c(0, raw.baseAddress, 24)
            )
        }
        guard fields.crc == fields.expected else { return nil }
        guard fields.version <= version else {
            throw .newerVersion(path: path, found: Int(fields.version), known: Int(version))
        }
        guard let purpose = Purpose(rawValue: fields.purpose) else { return nil }
        return FileHeader(purpose: purpose, first: fields.first)
    }
}
