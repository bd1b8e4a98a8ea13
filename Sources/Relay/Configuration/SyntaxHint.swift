import EventJSON

/// What a person probably did where a file is no JSON.
enum SyntaxHint {
    /// A word on the usual mistakes; empty for the others.
    static func hint(for fault: JSONSyntaxError, in bytes: [UInt8]) -> String {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { return "save the file without a byte order mark" }
        guard let before = bytes[..<min(fault.offset, bytes.count)].last(where: { !isSpace($0) }) else {
            return bytes.allSatisfy(isSpace)
                ? "the file is empty; `hookswitch init` writes a first one" : hint(at: fault.offset, in: bytes)
        }
        if fault.offset < bytes.count, before == UInt8(ascii: ","),
            [UInt8(ascii: "}"), UInt8(ascii: "]")].contains(bytes[fault.offset])
        {
            return "take out the comma before it"
        }
        // A string that stands where one may: what is wrong is in it.
        if fault.offset < bytes.count, bytes[fault.offset] == UInt8(ascii: "\""), ",:[{".utf8.contains(before) {
            return ""
        }
        return hint(at: fault.offset, in: bytes)
    }

    private static func hint(at offset: Int, in bytes: [UInt8]) -> String {
        guard offset < bytes.count else { return "a bracket or a quotation mark is not closed" }
        switch bytes[offset] {
        case UInt8(ascii: "/"), UInt8(ascii: "#"):
            return "JSON has no comments: any object may have a \"description\""
        case UInt8(ascii: "'"): return "strings stand in double quotes"
        case UInt8(ascii: "\""): return "a comma is missing before it"
        default: return ""
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { [0x20, 0x0A, 0x0D, 0x09].contains(byte) }
}
