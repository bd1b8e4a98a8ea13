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

/// The paths as a tree of keys, as a scanner walks it: flat, so that a step down costs a comparison of words.
struct PathTree: Sendable {
    /// A key's place: what is wanted here, and below.
    struct Node: Sendable {
        /// The path that ends here, or -1.
        var path = -1
        /// How many wanted paths end here or below.
        var wanted = 0
        /// The keys below: a part of `branches`, in the order of their starts.
        var branches = 0..<0
    }

    /// A key and the node that it leads to.
    struct Branch: Sendable {
        /// The key's first eight bytes, the rest zero.
        var start: UInt64
        /// The key in `keys`.
        var key: Range<Int>
        var node: Int
    }

    private(set) var nodes: [Node] = []
    private(set) var branches: [Branch] = []
    /// The branches' starts once more, side by side: most keys are looked for in vain, and quickly so.
    private var starts: [UInt64] = []
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
        for node in building {
            let start = branches.count
            let children = node.children.sorted {
                (PathTree.start(of: $0.key), $0.value) < (PathTree.start(of: $1.key), $1.value)
            }
            for (key, child) in children {
                let range = keys.count..<(keys.count + key.count)
                keys += key
                branches.append(Branch(start: PathTree.start(of: key), key: range, node: child))
            }
            nodes.append(Node(path: node.path, wanted: node.wanted, branches: start..<branches.count))
        }
        starts = branches.map(\.start)
    }

    /// So many branches are looked through; among more the first is searched for.
    private static let manyBranches = 16

    /// A node's branches whose keys have this start. Few keys have one in common.
    @inline(__always)
    func branches(of node: Int, from start: UInt64) -> Range<Int> {
        let all = nodes[node].branches
        var low = all.lowerBound
        var high = all.upperBound
        while high - low > PathTree.manyBranches {
            let middle = (low + high) / 2
            if starts[middle] < start { low = middle + 1 } else { high = middle }
        }
        while low < high, starts[low] < start { low += 1 }
        high = low
        while high < all.upperBound, starts[high] == start { high += 1 }
        return low..<high
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
