/// What a JSON value is.
public enum ValueKind: UInt8, Sendable {
    case object, array, string, number, `true`, `false`, null
}

/// A value found at a wanted path: what it is and where its bytes stand in the body.
public struct FoundValue: Sendable {
    /// What it is.
    public var kind: ValueKind
    /// The bytes in the body, a string's without its quotes.
    public var range: Range<Int>
    /// Whether a string has escapes, so that its bytes are not its text.
    public var hasEscapes: Bool
}

/// Reads a body once: validates all of it (RFC 8259, UTF-8) and notes what stands at the wanted paths.
///
/// An array on the way is passed through: a path finds the values of all its elements, each with its place in the array
/// (`trail`, where it matters for another path). Of duplicate keys `first` answers the first, and `fields` has all. Owned by one thread; its memory is reused.
public struct EventScanner: Sendable {
    /// A value at a wanted path.
    public struct Field: Sendable {
        /// The path's index.
        public var path: Int
        /// The value.
        public var value: FoundValue
        /// The array elements it stands in, as a place in `trails`; -1 for none.
        public var trail: Int
    }

    /// One array element that values stand in.
    public struct Trail: Sendable {
        /// The element around the array, or -1.
        public var parent: Int
        /// Which array of this event.
        public var array: Int
        /// Which element of it.
        public var element: Int
    }

    /// What was found, in the order of the body. A container comes behind what stands in it.
    public private(set) var fields: [Field] = []
    /// The array elements that fields stand in.
    public private(set) var trails: [Trail] = []
    /// What the body is as a whole.
    public private(set) var rootKind = ValueKind.null

    /// Whether the body has white space outside its strings.
    public private(set) var hasSpace = true

    private let tree: PathTree
    private var firsts: [Int]
    private var arrays = 0

    /// A scanner that looks for these paths.
    public init(_ paths: PathSet) {
        tree = PathTree(paths)
        firsts = Array(repeating: -1, count: paths.paths.count)
    }

    /// Reads a body. What an earlier one left is forgotten.
    public mutating func scan(_ body: UnsafeRawBufferPointer) throws(JSONSyntaxError) {
        for field in fields { firsts[field.path] = -1 }
        fields.removeAll(keepingCapacity: true)
        trails.removeAll(keepingCapacity: true)
        arrays = 0
        var cursor = JSONCursor(body)
        cursor.skipWhiteSpace()
        guard !cursor.isAtEnd else { throw JSONSyntaxError("the text is empty", at: cursor.count) }
        rootKind = try value(&cursor, node: 0, trail: -1, depth: 0)
        cursor.skipWhiteSpace()
        if !cursor.isAtEnd { throw cursor.fault("something stands behind the value") }
        hasSpace = cursor.hasSpace
    }

    /// The first value at a path, if there is one.
    public func first(_ path: Int) -> FoundValue? {
        let index = firsts[path]
        return index < 0 ? nil : fields[index].value
    }

    private mutating func value(_ cursor: inout JSONCursor, node: Int, trail: Int, depth: Int)
        throws(JSONSyntaxError) -> ValueKind
    {
        let start = cursor.offset
        let kind: ValueKind
        var range: Range<Int>
        var hasEscapes = false
        switch cursor.byte {
        case 0x22:
            kind = .string
            (range, hasEscapes) = try cursor.string()
        case 0x7B:
            kind = .object
            guard depth < JSONCursor.maximumDepth else { throw cursor.tooDeep }
            try object(&cursor, node: node, trail: trail, depth: depth)
            range = start..<cursor.offset
        case 0x5B:
            kind = .array
            guard depth < JSONCursor.maximumDepth else { throw cursor.tooDeep }
            try array(&cursor, node: node, trail: trail, depth: depth)
            range = start..<cursor.offset
        case 0x2D, 0x30...0x39:
            kind = .number
            range = try cursor.number()
        default:
            kind = try cursor.literal()
            range = start..<cursor.offset
        }
        let path = tree.nodes[node].path
        if path >= 0 {
            if firsts[path] < 0 { firsts[path] = fields.count }
            fields.append(
                Field(path: path, value: FoundValue(kind: kind, range: range, hasEscapes: hasEscapes), trail: trail))
        }
        return kind
    }

    private mutating func object(_ cursor: inout JSONCursor, node: Int, trail: Int, depth: Int)
        throws(JSONSyntaxError)
    {
        cursor.step()
        cursor.skipWhiteSpace()
        if cursor.byte == 0x7D { return cursor.step() }
        while true {
            guard cursor.byte == 0x22 else { throw cursor.fault("a key in quotes was expected") }
            let key = try cursor.string()
            cursor.skipWhiteSpace()
            try cursor.expect(0x3A, "a colon was expected")
            cursor.skipWhiteSpace()
            let child = self.child(of: node, key.range, hasEscapes: key.hasEscapes, cursor)
            if child < 0 {
                try cursor.skip(depth: depth + 1)
            } else {
                _ = try value(&cursor, node: child, trail: trail, depth: depth + 1)
            }
            if try cursor.endOfMembers(0x7D) { return }
        }
    }

    private mutating func array(_ cursor: inout JSONCursor, node: Int, trail: Int, depth: Int)
        throws(JSONSyntaxError)
    {
        let identity = arrays
        arrays += 1
        cursor.step()
        cursor.skipWhiteSpace()
        if cursor.byte == 0x5D { return cursor.step() }
        // What stands in the root's array has no path to be found by.
        let isWanted = node != 0
        // Which element it was only matters where values of two paths may come from one. A value that is itself the
        // element belongs to no other.
        let isShared = tree.nodes[node].wanted > 1
        var element = 0
        while true {
            if isWanted {
                var inner = trail
                if isShared && (cursor.byte == 0x7B || cursor.byte == 0x5B) {
                    inner = trails.count
                    trails.append(Trail(parent: trail, array: identity, element: element))
                }
                _ = try value(&cursor, node: node, trail: inner, depth: depth + 1)
            } else {
                try cursor.skip(depth: depth + 1)
            }
            element += 1
            if try cursor.endOfMembers(0x5D) { return }
        }
    }

    @inline(__always)
    private func child(of index: Int, _ key: Range<Int>, hasEscapes: Bool, _ cursor: borrowing JSONCursor) -> Int {
        let node = tree.nodes[index]
        if node.branches.isEmpty { return -1 }
        if hasEscapes {
            guard let text = JSONString.decode(cursor.bytes(key)) else { return -1 }
            return Array(text.utf8).withUnsafeBytes { dottedChild(of: index, $0) }
        }
        let start = cursor.start(of: key)
        let end = key.count <= 8 ? start : cursor.start(of: (key.upperBound - 8)..<key.upperBound)
        let child = tree.child(of: node, start: start, end: end, cursor.bytes(key))
        if child >= 0 { return child }
        return cursor.hasDot(key, start: start) ? dottedChild(of: index, cursor.bytes(key)) : -1
    }

    /// A key with dots stands for the objects that it abbreviates: `{"a.b": 1}` has a value at `a.b`.
    private func dottedChild(of node: Int, _ key: UnsafeRawBufferPointer) -> Int {
        var node = node
        for part in key.split(separator: 0x2E, omittingEmptySubsequences: false) {
            node = tree.child(
                of: tree.nodes[node], start: PathTree.start(of: part), end: PathTree.start(of: part.suffix(8)),
                UnsafeRawBufferPointer(rebasing: part))
            if node < 0 { return -1 }
        }
        return node
    }
}
