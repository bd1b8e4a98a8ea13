import CPlatform

/// The first 32 bytes of every file of the spool: what it is, in which version, and its first number.
///
/// ```
/// 0          8        12      16     24    28
/// "HOOKSPOL" version  purpose first  crc   salt
/// ```
/// `crc` is CRC32C over bytes 0 to 23 and then the salt; in format 1, which had zeros for the salt, over 0 to 23 alone.
/// The salt is chance: no sender can make up a body that passes for a record of the file.
struct FileHeader: Equatable {
    /// What a file holds.
    enum Purpose: UInt32 {
        case segment = 1
        case journal = 2
        case notes = 16
        case quarantine = 17
    }

    static let size = 32
    /// The version that this program writes, and the newest that it reads.
    static let version: UInt32 = 2
    private static let magic = Array("HOOKSPOL".utf8)

    var purpose: Purpose
    var first: UInt64
    var salt: UInt32
    var version = FileHeader.version

    /// What every record of the file carries: a record of another file, or of a former use of the same blocks, is none.
    var generation: UInt64 { first ^ UInt64(salt) << 32 }

    /// Whether it is of the version that this program writes.
    var isCurrent: Bool { version == FileHeader.version }

    var encoded: [UInt8] {
        var bytes = FileHeader.magic
        bytes.append(littleEndian: FileHeader.version)
        bytes.append(littleEndian: purpose.rawValue)
        bytes.append(littleEndian: first)
        let crc = bytes.withUnsafeBytes { hs_crc32c(0, $0.baseAddress, $0.count) }
        bytes.append(littleEndian: withUnsafeBytes(of: salt.littleEndian) { hs_crc32c(crc, $0.baseAddress, $0.count) })
        bytes.append(littleEndian: salt)
        return bytes
    }

    /// Reads a file's header; `nil` if the file has none, as when it was made and not yet synced at a power cut, or if it
    /// is that of another file: a recycled one.
    /// - Throws: `SpoolError.newerVersion` if a newer program wrote it.
    static func read(_ file: any DiskFile, path: String, first: UInt64) throws(SpoolError) -> FileHeader? {
        let bytes = try file.read(size, at: 0)
        guard bytes.count == size, bytes.starts(with: magic) else { return nil }
        let fields = bytes.withUnsafeBytes { raw in
            (
                version: raw.littleEndian(at: 8, as: UInt32.self), purpose: raw.littleEndian(at: 12, as: UInt32.self),
                first: raw.littleEndian(at: 16, as: UInt64.self), crc: raw.littleEndian(at: 24, as: UInt32.self),
                salt: raw.littleEndian(at: 28, as: UInt32.self), plain: hs_crc32c(0, raw.baseAddress, 24),
                salted: hs_crc32c(hs_crc32c(0, raw.baseAddress, 24), raw.baseAddress! + 28, 4)
            )
        }
        // Whichever way a later version counts, it keeps one of these two: so that it is refused, and not called damaged.
        guard
            fields.crc == (fields.version == 1 ? fields.plain : fields.salted)
                || (fields.version > version && fields.crc == fields.plain)
        else { return nil }
        guard fields.version <= version else {
            throw .newerVersion(path: path, found: Int(fields.version), known: Int(version))
        }
        guard let purpose = Purpose(rawValue: fields.purpose), fields.first == first else { return nil }
        return FileHeader(
            purpose: purpose, first: fields.first, salt: fields.version == 1 ? 0 : fields.salt, version: fields.version)
    }
}
