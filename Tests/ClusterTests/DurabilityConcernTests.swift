import EventJSON
import NATS
import Testing

@testable import Cluster

@Suite struct DurabilityConcernTests {
    private func concerns(_ text: String, wanted: Int = 3) throws -> [DurabilityConcern] {
        DurabilityConcern.all(of: APIAnswer(root: try JSONDocument(Array(text.utf8)).root), wanted: wanted)
    }

    private let others =
        #"{"leader":"a","replicas":[{"name":"b","current":true},{"name":"c","current":true}]}"#

    @Test func ofThreeReplicasInFilesOnlyTheirSyncIsUnknown() throws {
        let found = try concerns(#"{"config":{"num_replicas":3,"storage":"file"},"cluster":\#(others)}"#)
        #expect(found == [.syncUnknown(["a", "b", "c"])])
        #expect(!found.contains { $0.isFault })
        #expect(found[0].message.contains("of a, b, c"))
    }

    @Test func oneReplicaOrMemoryIsAFault() throws {
        let one = try concerns(#"{"config":{"num_replicas":1,"storage":"file"},"cluster":{"leader":"a"}}"#, wanted: 1)
        #expect(one.filter(\.isFault) == [.fewReplicas(1)])
        let memory = try concerns(#"{"config":{"num_replicas":3,"storage":"memory"},"cluster":\#(others)}"#)
        #expect(memory.filter(\.isFault) == [.notInFiles("memory")])
        let other = try concerns(#"{"config":{"num_replicas":5,"storage":"file"},"cluster":\#(others)}"#)
        #expect(other.filter(\.isFault) == [.otherReplicas(5, wanted: 3)])
    }

    @Test func aBrokerThatIsAwayIsNamed() throws {
        let away =
            #"{"leader":"a","replicas":[{"name":"b","current":true},{"name":"c","current":false,"offline":true}]}"#
        let found = try concerns(#"{"config":{"num_replicas":3,"storage":"file"},"cluster":\#(away)}"#)
        #expect(found.contains(.absent(["c"])))
    }
}
