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

    @Test(arguments: [1, 2, 3, 100, 1000])
    func eachKeyLeadsToItsNodeAndNoOtherDoes(count: Int) {
        var set = PathSet()
        // They begin and end alike, and differ in length or in the middle.
        for number in 0..<count { _ = set.insert(EventPath("metadata_\(number)_of_a_campaign")) }
        _ = set.insert(EventPath("metadata_of_a_campaign"))
        let tree = PathTree(set)
        func path(_ key: String) -> Int? {
            let key = Array(key.utf8)
            let node = key.withUnsafeBytes {
                tree.child(
                    of: tree.nodes[0], start: PathTree.start(of: key), end: PathTree.start(of: key.suffix(8)), $0)
            }
            return node < 0 ? nil : tree.nodes[node].path
        }
        for number in 0..<count { #expect(path("metadata_\(number)_of_a_campaign") == number) }
        #expect(path("metadata_of_a_campaign") == count)
        for absent in ["", "metadata", "metadata_\(count)_of_a_campaign", "metadata_0_of_a_campaigN"] {
            #expect(path(absent) == nil)
        }
    }

    @Test func anEmptyKeyIsAKeyLikeOthers() throws {
        var set = PathSet()
        let index = set.insert(EventPath(keys: ["a", ""]))
        var scanner = EventScanner(set)
        try Array(#"{"b":1,"a":{"b":2,"":3}}"#.utf8).withUnsafeBytes { try scanner.scan($0) }
        #expect(scanner.first(index)?.range == 21..<22)
    }
}
