import CPlatform
import Glibc

/// Header lines in the form that libcurl takes: `name: value`, NUL-terminated, one after the other.
struct HeaderLines: Sendable {
    /// Room for what most requests have, in bytes. With what an array has besides it is what malloc(3) keeps at hand for a thread: up to
    /// 1,032.
    static let usualBytes = 960

    private(set) var bytes: [UInt8] = []
    private(set) var count = 0
    private(set) var hasContentType = false
    private(set) var hasHost = false
    private(set) var hasAccept = false

    /// Adds a field. Control characters in the value become spaces: no value adds a line.
    mutating func add(_ name: String, _ value: UnsafeBufferPointer<UInt8>) {
        switch name.utf8.count {
        case 4 where name.lowercased() == "host": hasHost = true
        case 6 where name.lowercased() == "accept": hasAccept = true
        case 12 where name.lowercased() == "content-type": hasContentType = true
        default: break
        }
        var name = name
        let isPlain = value.baseAddress.map { hs_is_plain($0, value.count) } ?? false
        name.withUTF8 { name in
            bytes.append(addingCapacity: name.count + value.count + 3) { span in
                span.append(copying: UnsafeRawBufferPointer(name))
                // libcurl takes "name:" for "leave it out" and "name;" for an empty value.
                if value.isEmpty {
                    span.append(UInt8(ascii: ";"))
                } else {
                    span.append(UInt8(ascii: ":"))
                    span.append(UInt8(ascii: " "))
                    let start = span.count
                    span.append(copying: UnsafeRawBufferPointer(value))
                    if isPlain { return span.append(0) }
                    span.withUnsafeMutableBufferPointer { bytes, count in
                        for index in start..<count {
                            let byte = bytes[index]
                            bytes[index] = byte < 0x20 || byte == 0x7F ? 0x20 : byte
                        }
                    }
                }
                span.append(0)
            }
        }
        count += 1
    }

    /// Adds a field.
    mutating func add(_ name: String, _ value: String) {
        var value = value
        value.withUTF8 { add(name, $0) }
    }

    /// Adds a field.
    mutating func add(_ name: String, _ value: [UInt8]) { value.withUnsafeBufferPointer { add(name, $0) } }

    /// Adds all lines of another.
    mutating func add(_ others: HeaderLines) {
        bytes.append(contentsOf: others.bytes)
        count += others.count
        hasContentType = hasContentType || others.hasContentType
        hasHost = hasHost || others.hasHost
        hasAccept = hasAccept || others.hasAccept
    }

    /// Writes the lines as they stand in a request, without those that are left out.
    func write(to head: inout [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            guard let start = bytes.baseAddress else { return }
            // Each line's NUL makes room for one byte of its end.
            head.append(addingCapacity: bytes.count + count) { span in
                var from = 0
                while from < bytes.count, let end = memchr(start + from, 0, bytes.count - from) {
                    let line = UnsafeRawBufferPointer(rebasing: bytes[from..<start.distance(to: end)])
                    from += line.count + 1
                    switch line.last {
                    case UInt8(ascii: ":"): continue
                    case UInt8(ascii: ";") where !line.contains(UInt8(ascii: ":")):
                        span.append(copying: UnsafeRawBufferPointer(rebasing: line.dropLast()))
                        span.append(UInt8(ascii: ":"))
                    default: span.append(copying: line)
                    }
                    span.append(0x0D)
                    span.append(0x0A)
                }
            }
        }
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
