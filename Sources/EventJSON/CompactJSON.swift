/// JSON with the white space outside its strings removed: what `JSON.stringify` writes, and one line whatever came.
public enum CompactJSON {
    /// Appends `json`, compacted. `json` must be JSON: nothing is checked here.
    public static func append(_ json: UnsafeBufferPointer<UInt8>, to bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + json.count)
        var start = 0
        var index = 0
        while index < json.count {
            let byte = json[index]
            if byte == UInt8(ascii: "\"") {
                index = endOfString(json, from: index + 1)
            } else if byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 {
                bytes.append(contentsOf: UnsafeBufferPointer(rebasing: json[start..<index]))
                index += 1
                start = index
            } else {
                index += 1
            }
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: json[start..<json.count]))
    }

    /// `json`, compacted.
    public static func compacted(_ json: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        json.withUnsafeBufferPointer { append($0, to: &bytes) }
        return bytes
    }

    /// The index behind the quote that ends the string whose content begins at `start`.
    private static func endOfString(_ json: UnsafeBufferPointer<UInt8>, from start: Int) -> Int {
        var index = start
        while index < json.count {
            if json[index] == UInt8(ascii: "\"") { return index + 1 }
            index += json[index] == UInt8(ascii: "\\") ? 2 : 1
        }
        return json.count
    }
}
