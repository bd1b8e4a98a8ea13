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

    @Test func aStreamThatWouldLoseWhatIsOwedIsAFault() throws {
        let found = try concerns(
            #"{"config":{"num_replicas":3,"storage":"file","retention":"workqueue"},"cluster":\#(others)}"#)
        #expect(found.filter(\.isFault) == [.otherRetention("workqueue")])
    }

    @Test func whatCanNotBeIsSaidBeforeTheStreamIsThere() throws {
        var settings = ClusterSettings(client: ClientSettings(servers: [], name: "test"), path: "")
        func found(_ info: String, account: String? = nil) throws -> [DurabilityConcern] {
            let account = try account.map { APIAnswer(root: try JSONDocument(Array($0.utf8)).root) }
            return DurabilityConcern.all(
                before: "s", of: settings, server: ServerInfo(Array(info.utf8)), account: account)
        }
        let three = #"{"version":"2.15.1","cluster":"c","connect_urls":["a:1","b:1","c:1"]}"#
        #expect(try found(three) == [.noStream("s")])
        #expect(try found(#"{"version":"2.15.1"}"#) == [.fewBrokers(1, wanted: 3), .noStream("s")])
        #expect(try found(#"{"version":"2.9.10","cluster":"c"}"#) == [.noStream("s"), .tooOld("2.9.10")])
        settings.replicas = 5
        #expect(try found(three) == [.fewBrokers(3, wanted: 5), .noStream("s")])
        settings.replicas = 1
        settings.maxSizeBytes = 100
        #expect(
            try found(three, account: #"{"limits":{"max_storage":99}}"#)
                == [.fewReplicas(1), .smallAccount(99, wanted: 100), .noStream("s")])
        #expect(try found(three, account: #"{"limits":{"max_storage":-1}}"#) == [.fewReplicas(1), .noStream("s")])
    }

    @Test func ofAnOldBrokerNoSettingIsAskedForThatItLacks() throws {
        let info = APIAnswer(
            root: try JSONDocument(Array(#"{"config":{"num_replicas":3,"storage":"file"},"cluster":\#(others)}"#.utf8))
                .root)
        let old = ServerInfo(Array(#"{"version":"2.9.10","cluster":"c"}"#.utf8))
        #expect(DurabilityConcern.all(of: info, wanted: 3, server: old) == [.tooOld("2.9.10")])
    }
}
