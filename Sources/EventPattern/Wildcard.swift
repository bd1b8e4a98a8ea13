import CPlatform

/// A text in which `*` stands for any characters, or none; `\*` and `\\` for themselves.
///
/// It is matched piece by piece from the left, each at the first place where it fits: with no other operator than `*`
/// the first place is as good as any, so that the time is linear in the value and there are no states to multiply.
public struct Wildcard: Hashable, Sendable {
    /// What a pattern may not hold.
    struct Fault: Error {
        var message: String
        var hint: String
    }

    /// The text as it was written.
    public let text: String
    /// What the value begins with.
    let prefix: [UInt8]
    /// What comes in between, in order; each not empty.
    let middle: [[UInt8]]
    /// What the value ends with; `nil` if there is no star and `prefix` is all of it.
    let suffix: [UInt8]?

    init(_ text: String) throws(Fault) {
        var pieces: [[UInt8]] = [[]]
        var bytes = Array(text.utf8)[...]
        var isBehindStar = false
        while let byte = bytes.popFirst() {
            if byte == 0x2A {
                if isBehindStar {
                    throw Fault(
                        message: "two stars stand side by side", hint: "one star already stands for any characters")
                }
                pieces.append([])
                isBehindStar = true
                continue
            }
            isBehindStar = false
            if byte == 0x5C {
                guard let next = bytes.popFirst(), next == 0x2A || next == 0x5C else {
                    throw Fault(
                        message: "a backslash stands before neither a star nor a backslash",
                        hint: "write \\\\* for a star and \\\\\\\\ for a backslash in JSON")
                }
                pieces[pieces.count - 1].append(next)
            } else {
                pieces[pieces.count - 1].append(byte)
            }
        }
        self.text = text
        prefix = pieces[0]
        suffix = pieces.count > 1 ? pieces[pieces.count - 1] : nil
        middle = pieces.count > 2 ? pieces[1..<(pieces.count - 1)].filter { !$0.isEmpty } : []
    }

    func matches(_ value: UnsafeRawBufferPointer) -> Bool {
        guard let suffix else { return value.elementsEqual(prefix) }
        guard value.count >= prefix.count + suffix.count, value.starts(with: prefix), value.ends(with: suffix) else {
            return false
        }
        let end = value.count - suffix.count
        var start = prefix.count
        for piece in middle {
            guard start + piece.count <= end, let base = value.baseAddress,
                let found = hs_find(base + start, end - start, piece, piece.count)
            else { return false }
            start = UnsafeRawPointer(found) - base + piece.count
        }
        return true
    }
}
