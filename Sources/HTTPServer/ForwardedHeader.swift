/// Reads what proxies say of the connection before them: `Forwarded` (RFC 7239) and `X-Forwarded-For`. Logic alone.
///
/// Both give the stations of a request from the left, its first known one, to the right, the one that the nearest proxy
/// saw. A station that is not an address (`unknown`, `_hidden`) is `nil`.
public enum ForwardedHeader {
    /// The stations in the values of `X-Forwarded-For`, in their order: `203.0.113.7, 10.0.0.1:4711, [2001:db8::1]:80`.
    public static func stations(xForwardedFor values: [String]) -> [PeerAddress?] {
        // By bytes: a character may take the comma behind it into itself, as U+0600 does, and hide what follows.
        values.flatMap { value in
            value.utf8.split(separator: UInt8(ascii: ",")).map { trimmed(Substring($0)) }.filter { !$0.isEmpty }
                .map { node($0) }
        }
    }

    /// The stations in the values of `Forwarded`, in their order: `for=192.0.2.43;proto=https, for="[2001:db8::17]:4711"`.
    /// `nil` if one of them is not written as RFC 7239 §4 has it: what an open quote swallowed can't be told.
    public static func stations(forwarded values: [String]) -> [PeerAddress?]? {
        var stations: [PeerAddress?] = []
        for value in values {
            var reader = ForwardedReader(value)
            guard let found = reader.stations() else { return nil }
            stations += found
        }
        return stations
    }

    /// A station: an address with or without a port, an IPv6 one in brackets where it has a port.
    static func node(_ text: some StringProtocol) -> PeerAddress? {
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            let inside = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            guard inside.contains(":"), rest.isEmpty || isPort(rest.dropFirst(), after: rest.first) else { return nil }
            return PeerAddress(inside)
        }
        if let address = PeerAddress(text) { return address }
        guard let colon = text.firstIndex(of: ":"), isPort(text[text.index(after: colon)...], after: ":") else {
            return nil
        }
        return PeerAddress(text[..<colon])
    }

    private static func isPort(_ digits: some StringProtocol, after mark: Character?) -> Bool {
        mark == ":" && (1...5).contains(digits.utf8.count) && digits.utf8.allSatisfy { $0 &- 0x30 < 10 }
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first == " " || first == "\t" { text.removeFirst() }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return text
    }
}

/// Walks one value of `Forwarded`.
private struct ForwardedReader {
    private let bytes: [UInt8]
    private var index = 0

    init(_ value: String) { bytes = Array(value.utf8) }

    /// All stations, or `nil` at the first thing that is not as it should be.
    mutating func stations() -> [PeerAddress?]? {
        var stations: [PeerAddress?] = []
        while true {
            skipSpace()
            // An empty element counts for nothing (RFC 9110 §5.6.1).
            if index < bytes.count, bytes[index] != UInt8(ascii: ",") {
                guard let station = element() else { return nil }
                stations.append(station.address)
                skipSpace()
            }
            if index == bytes.count { return stations }
            guard bytes[index] == UInt8(ascii: ",") else { return nil }
            index += 1
        }
    }

    /// One element's station, in a box since it may be unknown; `nil` if the element can't be read.
    private mutating func element() -> (address: PeerAddress?, Void)? {
        var names: Set<String> = []
        var address: PeerAddress?
        while true {
            if index < bytes.count, bytes[index] != UInt8(ascii: ";"), bytes[index] != UInt8(ascii: ","),
                bytes[index] != UInt8(ascii: " "), bytes[index] != UInt8(ascii: "\t")
            {
                guard let (name, value) = pair(), names.insert(name).inserted else { return nil }
                if name == "for" { address = ForwardedHeader.node(value) }
            }
            skipSpace()
            guard index < bytes.count, bytes[index] == UInt8(ascii: ";") else { return (address, ()) }
            index += 1
            skipSpace()
        }
    }

    private mutating func pair() -> (name: String, value: String)? {
        let start = index
        while index < bytes.count, bytes[index].isToken { index += 1 }
        guard index > start, index < bytes.count, bytes[index] == UInt8(ascii: "=") else { return nil }
        let name = String(decoding: bytes[start..<index], as: UTF8.self).lowercased()
        index += 1
        return value().map { (name, $0) }
    }

    private mutating func value() -> String? {
        guard index < bytes.count, bytes[index] == UInt8(ascii: "\"") else {
            let start = index
            // An address with a port belongs in quotes; many leave them out.
            while index < bytes.count, bytes[index].isToken || ":[]".utf8.contains(bytes[index]) { index += 1 }
            return index > start ? String(decoding: bytes[start..<index], as: UTF8.self) : nil
        }
        index += 1
        var text: [UInt8] = []
        while index < bytes.count {
            let byte = bytes[index]
            index += 1
            if byte == UInt8(ascii: "\"") { return String(decoding: text, as: UTF8.self) }
            if byte == UInt8(ascii: "\\") {
                guard index < bytes.count else { return nil }
                text.append(bytes[index])
                index += 1
            } else {
                text.append(byte)
            }
        }
        return nil
    }

    private mutating func skipSpace() {
        while index < bytes.count, bytes[index] == UInt8(ascii: " ") || bytes[index] == UInt8(ascii: "\t") {
            index += 1
        }
    }
}
