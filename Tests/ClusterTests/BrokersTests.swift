import EventJSON
import NATS
import Testing

@testable import Cluster

@Suite struct BrokersTests {
    private func brokers(_ text: String, server: String? = nil) throws -> [String] {
        JetStreamLog.brokers(of: APIAnswer(root: try JSONDocument(Array(text.utf8)).root), server: server).map {
            "\($0.name) leader=\($0.isLeader) current=\($0.isCurrent) offline=\($0.isOffline) lag=\($0.lag)"
        }
    }

    @Test func theLeaderAndItsFollowersAreNamed() throws {
        let cluster =
            #"{"cluster":{"leader":"b","replicas":[{"name":"c","current":false,"offline":true,"lag":7},{"name":"a","current":true}]}}"#
        #expect(
            try brokers(cluster, server: "c") == [
                "a leader=false current=true offline=false lag=0", "b leader=true current=true offline=false lag=0",
                "c leader=false current=false offline=true lag=7",
            ])
    }

    @Test func oneThatLagsIsThereAndOneThatIsSilentIsNot() throws {
        let cluster =
            #"{"cluster":{"leader":"a","replicas":[{"name":"b","current":false,"active":900000000,"lag":3},{"name":"c","current":false,"active":9000000000}]}}"#
        #expect(
            try brokers(cluster).dropFirst() == [
                "b leader=false current=false offline=false lag=3", "c leader=false current=false offline=true lag=0",
            ])
    }

    @Test func aBrokerThatIsAloneIsTheOneThatAnswered() throws {
        #expect(try brokers("{}", server: "n0") == ["n0 leader=true current=true offline=false lag=0"])
        #expect(
            try brokers(#"{"cluster":{"leader":"","replicas":[]}}"#, server: "n0")
                == ["n0 leader=true current=true offline=false lag=0"])
    }

    @Test func withoutALeaderOnlyFollowersAreThere() throws {
        let cluster = #"{"cluster":{"leader":"","replicas":[{"name":"a","current":false}]}}"#
        #expect(try brokers(cluster, server: "a") == ["a leader=false current=false offline=false lag=0"])
    }
}
