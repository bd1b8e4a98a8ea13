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

/// The paths as a tree of keys, as a scanner walks it.
struct PathTree: Sendable {
    /// A key's place: what is wanted here, and below.
    struct Node: Sendable {
        /// The path that ends here, or -1.
        var path = -1
        /// How many wanted paths end here or below.
        var wanted = 0
        /// The keys below, each with its node.
        var children: [(key: [UInt8], node: Int)] = []
    }

    private(set) var nodes = [Node()]

    init(_ set: PathSet) {
        for (index, path) in set.paths.enumerated() {
            var node = 0
            for key in path.keys {
                nodes[node].wanted += 1
                node = child(of: node, named: Array(key.utf8))
            }
            nodes[node].wanted += 1
            nodes[node].path = index
        }
    }

    private mutating func child(of node: Int, named key: [UInt8]) -> Int {
        if let known = nodes[node].children.first(where: { $0.key == key }) { return known.node }
        nodes.append(Node())
        nodes[node].children.append((key, nodes.count - 1))
        return nodes.count - 1
    }
}
