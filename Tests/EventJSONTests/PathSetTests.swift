import Testing

@testable import EventJSON

struct PathSetTests {
    @Test func aPathHasOneIndexHoweverOftenItIsInserted() {
        var set = PathSet()
        #expect(set.insert(EventPath("a")) == 0)
        #expect(set.insert(EventPath("a.b")) == 1)
        #expect(set.insert(EventPath("a")) == 0)
        #expect(set.paths == [EventPath("a"), EventPath("a.b")])
    }

    @Test func pathsShareTheKeysTheyBeginWith() {
        var set = PathSet()
        for path in ["a.b", "a.c", "a", "d.b"] { _ = set.insert(EventPath(path)) }
        let tree = PathTree(set)
        // The root, a, a.b, a.c, d, d.b.
        #expect(tree.nodes.count == 6)
        #expect(Set(tree.nodes.map(\.path)) == [-1, 0, 1, 2, 3])
        #expect(
            tree.branches[tree.nodes[0].branches].map { Array(tree.keys[$0.key]) } == [
                Array("a".utf8), Array("d".utf8),
            ])
    }
}
