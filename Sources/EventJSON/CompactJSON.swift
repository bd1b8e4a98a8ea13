/// A JSON text without the white space outside its strings, which makes it one line.
public enum CompactJSON {
    /// Appends a valid JSON text, compacted: what `JSON.stringify` would write, numbers and escapes as they came.
    public static func append(_ json: some Sequence<UInt8>, to line: inout [UInt8]) {
        var inString = false
        var escaped = false
        for byte in json {
            if inString {
                line.append(byte)
                if escaped {
                    escaped = false
                } else if byte == 0x5C {
                    escaped = true
                } else if byte == 0x22 {
                    inString = false
                }
            } else if byte != 0x20 && byte != 0x0A && byte != 0x0D && byte != 0x09 {
                line.append(byte)
                inString = byte == 0x22
            }
        }
    }
}
