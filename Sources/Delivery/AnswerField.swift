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
        first { AnswerField.equal($0, option) ? true : nil } ?? false
    }

    /// The number of `name=5` in a list of options, a million for all that are larger; `nil` if there is none. `name` is in lower case.
    func number(of name: StaticString) -> Int? {
        first { option in
            guard let sign = option.firstIndex(of: 0x3D),
                AnswerField.equal(AnswerField.trimmed(option, 0..<sign), name)
            else { return nil }
            let digits = AnswerField.trimmed(option, (sign + 1)..<option.count)
            guard !digits.isEmpty, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return nil }
            return digits.reduce(0) { min($0 * 10 + Int($1 - 0x30), 1_000_000) }
        }
    }

    /// What is found in the first option of the list that has it.
    private func first<Found>(_ find: (UnsafeRawBufferPointer) -> Found?) -> Found? {
        var start = 0
        while start < value.count {
            let rest = UnsafeRawBufferPointer(rebasing: value[start...])
            let length = rest.firstIndex(of: 0x2C) ?? rest.count
            if let found = find(AnswerField.trimmed(rest, 0..<length)) { return found }
            start += length + 1
        }
        return nil
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
