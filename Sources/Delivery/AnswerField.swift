import Glibc

/// One field of an answer's head, as it lies in the bytes that came: valid as long as these are.
struct AnswerField {
    private let line: UnsafeRawBufferPointer
    /// The length of its name, in bytes.
    let nameLength: Int
    /// Its value, without the white space around it.
    let value: UnsafeRawBufferPointer

    /// A line's field; `nil` if it has no colon.
    init?(_ line: UnsafeRawBufferPointer) {
        guard let start = line.baseAddress, let found = memchr(start, 0x3A, line.count) else { return nil }
        self.line = line
        nameLength = start.distance(to: found)
        value = AnswerField.trimmed(line, (nameLength + 1)..<line.count)
    }

    /// The value as text.
    var text: String { String(decoding: value, as: UTF8.self) }

    /// Whether it has this name, which is in lower case and as long as its own.
    func isNamed(_ name: StaticString) -> Bool {
        AnswerField.equal(UnsafeRawBufferPointer(rebasing: line[..<nameLength]), name)
    }

    /// Whether its value is a list that has this option, which is in lower case.
    func lists(_ option: StaticString) -> Bool {
        var start = 0
        while start < value.count {
            let rest = UnsafeRawBufferPointer(rebasing: value[start...])
            let length = rest.firstIndex(of: 0x2C) ?? rest.count
            if AnswerField.equal(AnswerField.trimmed(rest, 0..<length), option) { return true }
            start += length + 1
        }
        return false
    }

    /// Whether its value ends with this text, which is in lower case.
    func endsWith(_ text: StaticString) -> Bool {
        AnswerField.equal(UnsafeRawBufferPointer(rebasing: value.suffix(text.utf8CodeUnitCount)), text)
    }

    private static func equal(_ bytes: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        guard bytes.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<bytes.count where bytes[index] | 0x20 != text.utf8Start[index] | 0x20 { return false }
        return true
    }

    private static func trimmed(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> UnsafeRawBufferPointer {
        var (start, end) = (range.lowerBound, range.upperBound)
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
        while start < end, bytes[end - 1] == 0x20 || bytes[end - 1] == 0x09 { end -= 1 }
        return UnsafeRawBufferPointer(rebasing: bytes[start..<end])
    }
}
