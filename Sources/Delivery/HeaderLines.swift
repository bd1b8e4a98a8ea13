/// Header lines in the form that libcurl takes: `name: value`, NUL-terminated, one after the other.
struct HeaderLines: Sendable {
    private(set) var bytes: [UInt8] = []
    private(set) var count = 0
    private(set) var hasContentType = false

    /// Adds a field. Control characters in the value become spaces: no value adds a line.
    mutating func add(_ name: String, _ value: some Collection<UInt8>) {
        if name.utf8.count == 12 && name.lowercased() == "content-type" { hasContentType = true }
        bytes.append(contentsOf: name.utf8)
        // libcurl takes "name:" for "leave it out" and "name;" for an empty value.
        if value.isEmpty {
            bytes.append(UInt8(ascii: ";"))
        } else {
            bytes.append(UInt8(ascii: ":"))
            bytes.append(UInt8(ascii: " "))
            let start = bytes.count
            bytes.append(contentsOf: value)
            for index in start..<bytes.count where bytes[index] < 0x20 || bytes[index] == 0x7F { bytes[index] = 0x20 }
        }
        bytes.append(0)
        count += 1
    }

    /// Adds a field.
    mutating func add(_ name: String, _ value: String) { add(name, value.utf8) }

    /// Adds all lines of another.
    mutating func add(_ others: HeaderLines) {
        bytes.append(contentsOf: others.bytes)
        count += others.count
        hasContentType = hasContentType || others.hasContentType
    }

    /// Makes room, so that a request's lines are allocated once.
    mutating func reserve(_ bytes: Int) { self.bytes.reserveCapacity(bytes) }

    /// Keeps libcurl from adding a field of its own.
    mutating func leaveOut(_ name: String) {
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: ":"))
        bytes.append(0)
        count += 1
    }

    /// The fields as text, names in lower case: for a signature over them. Those left out are not among them.
    var fields: [(name: String, value: String)] {
        bytes.split(separator: 0).compactMap { line in
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon + 1 < line.endIndex else { return nil }
            return (
                String(decoding: line[..<colon], as: UTF8.self).lowercased(),
                String(decoding: line[(colon + 2)...], as: UTF8.self)
            )
        }
    }
}
