import EventJSON
import Glibc

/// The end of a file of lines, as a crash may have left it.
struct LineTail {
    /// What makes its lines whole again.
    enum Repair: Equatable {
        /// They are.
        case none
        /// The last line lacks nothing but its end, or is none of ours: it is ended.
        case end
        /// The last line is the beginning of one: the file is cut to so many bytes. Its event was not settled and comes again.
        case cut(Int)
    }

    let repair: Repair

    /// Looks at an open file; `nil` if it can't be read.
    init?(of descriptor: Int32, sizeBytes: Int, limitBytes: Int) {
        var last: UInt8 = 0
        guard sizeBytes > 0 else {
            repair = .none
            return
        }
        guard pread(descriptor, &last, 1, off_t(sizeBytes - 1)) == 1 else { return nil }
        guard last != UInt8(ascii: "\n") else {
            repair = .none
            return
        }
        let start = max(0, sizeBytes - limitBytes)
        var bytes = [UInt8](repeating: 0, count: sizeBytes - start)
        guard pread(descriptor, &bytes, bytes.count, off_t(start)) == bytes.count else { return nil }
        let newline = bytes.lastIndex(of: UInt8(ascii: "\n"))
        if newline == nil && start > 0 {
            repair = .end
            return
        }
        let line = bytes[(newline.map { $0 + 1 } ?? 0)...]
        repair = LineTail.isTorn(Array(line)) ? .cut(sizeBytes - line.count) : .end
    }

    /// Whether a line is the beginning of a JSON object or array and not the whole of it.
    private static func isTorn(_ line: [UInt8]) -> Bool {
        guard let first = line.first, first == UInt8(ascii: "{") || first == UInt8(ascii: "[") else { return false }
        return !EventBody.isJSON(line)
    }
}
