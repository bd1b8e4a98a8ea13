/// Which paths of an event somebody wants to know: the union of what rules, columns and templates mention.
public struct PathSet: Sendable {
    /// The paths, each at its index.
    public private(set) var paths: [EventPath] = []
    private var indices: [EventPath: Int] = [:]

    /// An empty set.
    public init() {}

    /// Adds a path, unless it is there; answers its index.
    public mutating func insert(_ path: EventPath) -> Int {
        if let index = indices[path] { return index }
        indices[path] = paths.count
        paths.append(path)
        return paths.count - 1
    }
}

/// The paths as a tree of keys, as a scanner walks it: flat, and each node with a table of its keys, since most keys of a body are
/// looked for in vain.
struct PathTree: Sendable {
    /// A key's place: what is wanted here, and below.
    struct Node: Sendable {
        /// The path that ends here, or -1.
        var path = -1
        /// How many wanted paths end here or below.
        var wanted = 0
        /// The keys below: a part of `branches`.
        var branches = 0..<0
        /// Where the node's part of `slots` begins, its size, a power of two, less one, and by how much a hash is shifted to fit.
        var firstSlot: UInt32 = 0
        var mask: UInt32 = 0
        var shift: UInt64 = 63
    }

    /// A key and the node that it leads to.
    struct Branch: Sendable {
        /// The key's first and last eight bytes; of a shorter one all, the rest zero.
        var start: UInt64
        var end: UInt64
        /// The key in `keys`.
        var key: Range<Int>
        var node: Int
    }

    private(set) var nodes: [Node] = []
    private(set) var branches: [Branch] = []
    /// Each node's table: a branch stands in the slot that its key's hash names, or in the next that is free; -1 for none. No more than
    /// half of them are taken.
    private(set) var slots: [Int32] = []
    /// The bytes of all keys.
    private(set) var keys: [UInt8] = []

    init(_ set: PathSet) {
        var building = [Building()]
        for (index, path) in set.paths.enumerated() {
            var node = 0
            for key in path.keys {
                building[node].wanted += 1
                let bytes = Array(key.utf8)
                if let known = building[node].children[bytes] {
                    node = known
                } else {
                    building.append(Building())
                    building[node].children[bytes] = building.count - 1
                    node = building.count - 1
                }
            }
            building[node].wanted += 1
            building[node].path = index
        }
        for building in building {
            let start = branches.count
            for (key, child) in building.children.sorted(by: { $0.value < $1.value }) {
                let range = keys.count..<(keys.count + key.count)
                keys += key
                branches.append(
                    Branch(
                        start: PathTree.start(of: key), end: PathTree.start(of: key.suffix(8)), key: range, node: child)
                )
            }
            var node = Node(path: building.path, wanted: building.wanted, branches: start..<branches.count)
            fillSlots(&node)
            nodes.append(node)
        }
    }

    private mutating func fillSlots(_ node: inout Node) {
        if node.branches.isEmpty { return }
        let bits = Int.bitWidth - (2 * node.branches.count - 1).leadingZeroBitCount
        (node.firstSlot, node.mask, node.shift) = (UInt32(slots.count), 1 << bits - 1, UInt64(64 - bits))
        slots += Array(repeating: -1, count: 1 << bits)
        for index in node.branches {
            var slot = node.slot(PathTree.hash(start: branches[index].start, end: branches[index].end))
            while slots[slot] >= 0 { slot = node.slot(behind: slot) }
            slots[slot] = Int32(index)
        }
    }

    /// Mixes a key's first and last eight bytes: keys of one body that begin alike end otherwise.
    @inline(__always)
    static func hash(start: UInt64, end: UInt64) -> UInt64 {
        // 2^64 divided by the golden ratio (Knuth, The Art of Computer Programming 3, §6.4).
        (start ^ (end << 1 | end >> 63)) &* 0x9E37_79B9_7F4A_7C15
    }

    /// The node that a key leads to, or -1. The key's first and last eight bytes are at hand, or as many as it has.
    @inline(__always)
    func child(of node: Node, start: UInt64, end: UInt64, _ key: UnsafeRawBufferPointer) -> Int {
        if node.branches.isEmpty { return -1 }
        var slot = node.slot(PathTree.hash(start: start, end: end))
        while slots[slot] >= 0 {
            let branch = branches[Int(slots[slot])]
            if branch.start == start && branch.end == end && branch.key.count == key.count
                && (key.count <= 16 || isSame(branch.key, key))
            {
                return branch.node
            }
            slot = node.slot(behind: slot)
        }
        return -1
    }

    private func isSame(_ known: Range<Int>, _ key: UnsafeRawBufferPointer) -> Bool {
        for index in 8..<(key.count - 8) where keys[known.lowerBound + index] != key[index] { return false }
        return true
    }

    private struct Building {
        var path = -1
        var wanted = 0
        var children: [[UInt8]: Int] = [:]
    }

    static func start(of key: some Collection<UInt8>) -> UInt64 {
        key.prefix(8).enumerated().reduce(0) { $0 | UInt64($1.element) << UInt64(8 * $1.offset) }
    }
}

extension PathTree.Node {
    /// Where a key with this hash stands, if it does, or behind it.
    @inline(__always) func slot(_ hash: UInt64) -> Int {
        Int(firstSlot &+ UInt32(truncatingIfNeeded: hash &>> shift))
    }

    @inline(__always) func slot(behind slot: Int) -> Int {
        Int(firstSlot &+ (UInt32(truncatingIfNeeded: slot) &- firstSlot &+ 1) & mask)
    }
}
