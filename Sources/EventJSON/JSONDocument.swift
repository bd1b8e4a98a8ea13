/// A JSON text read whole, for people's files: every value and key knows where it stands.
public struct JSONDocument: Sendable {
    /// A place in the text, as an editor shows it.
    public struct Location: Hashable, Comparable, Sendable {
        /// The line, from 1.
        public var line: Int
        /// The column in characters (Unicode scalars), from 1.
        public var column: Int

        /// A place.
        public init(line: Int, column: Int) {
            self.line = line
            self.column = column
        }

        /// By line, then by column.
        public static func < (one: Location, other: Location) -> Bool {
            (one.line, one.column) < (other.line, other.column)
        }
    }

    /// The text.
    public let bytes: [UInt8]
    /// Its value.
    public let root: JSONValue
    private let lineStarts: [Int]

    /// Reads a text, strictly after RFC 8259. The same key twice in an object is an error too: one of them would be ignored.
    public init(_ bytes: [UInt8]) throws(JSONSyntaxError) {
        self.bytes = bytes
        lineStarts = JSONDocument.lineStarts(bytes)
        var result: Result<JSONValue, JSONSyntaxError>?
        bytes.withUnsafeBytes { buffer in
            do throws(JSONSyntaxError) {
                var cursor = JSONCursor(buffer)
                cursor.skipWhiteSpace()
                let value = try JSONDocument.value(&cursor, depth: 0)
                cursor.skipWhiteSpace()
                if !cursor.isAtEnd { throw cursor.fault("something stands behind the value") }
                result = .success(value)
            } catch {
                result = .failure(error)
            }
        }
        root = try result!.get()
    }

    /// Where a byte stands in a text that could not be read.
    public static func location(of offset: Int, in bytes: [UInt8]) -> Location {
        unread(bytes).location(of: offset)
    }

    /// A text that could not be read, for its lines: its value is null.
    public static func unread(_ bytes: [UInt8]) -> JSONDocument {
        JSONDocument(bytes: bytes, root: JSONValue(content: .null, range: 0..<0))
    }

    private init(bytes: [UInt8], root: JSONValue) {
        self.bytes = bytes
        self.root = root
        lineStarts = JSONDocument.lineStarts(bytes)
    }

    private static func lineStarts(_ bytes: [UInt8]) -> [Int] {
        [0] + bytes.indices.filter { bytes[$0] == 0x0A }.map { $0 + 1 }
    }

    /// Where a byte stands.
    public func location(of offset: Int) -> Location {
        var low = 0
        var high = lineStarts.count
        while low + 1 < high {
            let middle = (low + high) / 2
            if lineStarts[middle] <= offset { low = middle } else { high = middle }
        }
        let before = bytes[lineStarts[low]..<min(max(offset, lineStarts[low]), bytes.count)]
        return Location(line: low + 1, column: before.count { $0 & 0xC0 != 0x80 } + 1)
    }

    /// A line's text without its end.
    public func line(_ number: Int) -> String {
        guard number >= 1, number <= lineStarts.count else { return "" }
        let rest = bytes[lineStarts[number - 1]...]
        return String(decoding: rest.prefix { $0 != 0x0A && $0 != 0x0D }, as: UTF8.self)
    }

    private static func value(_ cursor: inout JSONCursor, depth: Int) throws(JSONSyntaxError) -> JSONValue {
        let start = cursor.offset
        let content: JSONValue.Content
        switch cursor.byte {
        case 0x22:
            content = .string(try string(&cursor).text)
        case 0x7B:
            guard depth < JSONCursor.maximumDepth else { throw cursor.tooDeep }
            content = .object(try members(&cursor, depth: depth))
        case 0x5B:
            guard depth < JSONCursor.maximumDepth else { throw cursor.tooDeep }
            content = .array(try elements(&cursor, depth: depth))
        case 0x2D, 0x30...0x39:
            content = .number(String(decoding: cursor.bytes(try cursor.number()), as: UTF8.self))
        default:
            switch try cursor.literal() {
            case .true: content = .bool(true)
            case .false: content = .bool(false)
            default: content = .null
            }
        }
        return JSONValue(content: content, range: start..<cursor.offset)
    }

    private static func string(_ cursor: inout JSONCursor) throws(JSONSyntaxError) -> (text: String, start: Int) {
        let start = cursor.offset
        let (range, _) = try cursor.string()
        guard let text = JSONString.decode(cursor.bytes(range)) else {
            throw JSONSyntaxError("an escape in this string names half a character (a lone surrogate)", at: start)
        }
        return (text, start)
    }

    private static func members(_ cursor: inout JSONCursor, depth: Int) throws(JSONSyntaxError)
        -> [JSONValue.Member]
    {
        var members: [JSONValue.Member] = []
        // As bytes: `String` takes two spellings of an accented letter for one.
        var seen: Set<[UInt8]> = []
        cursor.step()
        cursor.skipWhiteSpace()
        if cursor.byte == 0x7D {
            cursor.step()
            return members
        }
        while true {
            guard cursor.byte == 0x22 else { throw cursor.fault("a key in quotes was expected") }
            let key = try string(&cursor)
            guard seen.insert(Array(key.text.utf8)).inserted else {
                throw JSONSyntaxError("the key \"\(key.text)\" stands here a second time", at: key.start)
            }
            cursor.skipWhiteSpace()
            try cursor.expect(0x3A, "a colon was expected")
            cursor.skipWhiteSpace()
            let value = try value(&cursor, depth: depth + 1)
            members.append(JSONValue.Member(key: key.text, keyOffset: key.start, value: value))
            if try cursor.endOfMembers(0x7D) { return members }
        }
    }

    private static func elements(_ cursor: inout JSONCursor, depth: Int) throws(JSONSyntaxError) -> [JSONValue] {
        var elements: [JSONValue] = []
        cursor.step()
        cursor.skipWhiteSpace()
        if cursor.byte == 0x5D {
            cursor.step()
            return elements
        }
        while true {
            elements.append(try value(&cursor, depth: depth + 1))
            if try cursor.endOfMembers(0x5D) { return elements }
        }
    }
}
