import Glibc

/// Numbers as JSON writes them, as values.
enum NumberText {

    /// The nearest value; infinite if there is none. Whole numbers of up to 15 digits are read without the library.
    static func value(_ text: UnsafeRawBufferPointer) -> Double {
        var index = 0
        let isNegative = text.first == 0x2D
        if isNegative { index = 1 }
        if text.count - index <= 15, index < text.count {
            var whole: Int64 = 0
            while index < text.count, text[index] &- 0x30 < 10 {
                whole = whole * 10 + Int64(text[index] - 0x30)
                index += 1
            }
            if index == text.count { return isNegative ? -Double(whole) : Double(whole) }
        }
        return withUnsafeTemporaryAllocation(byteCount: text.count + 1, alignment: 1) { copy in
            copy.copyMemory(from: text)
            copy[text.count] = 0
            // The process's locale is C: its decimal point is a point.
            return strtod(copy.baseAddress!.assumingMemoryBound(to: CChar.self), nil)
        }
    }
}
