import CPlatform
import Foundation

/// How soon another relay delivers what a relay had in hand that is killed.
extension Clustered {
    private static let events = 64

    /// The time from the kill to the first delivery by the other relay and to the last one, in milliseconds.
    static func failover(
        _ brokers: Brokers, _ receiver: ReceivingNginx, _ body: [UInt8], _ directory: URL
    ) throws -> (first: Double, last: Double) {
        // The one that will be killed gets no answer from its target, and so has its deliveries in hand.
        let deaf = try DeafListener()
        defer { deaf.close() }
        let doomed = try relay(
            "takeover", at: brokers, target: #"{"http":{"url":"http://127.0.0.1:\#(deaf.port)/"},"timeout":"60s"}"#,
            in: directory)
        defer { doomed.peer.stop() }
        try post(body, count: events, to: doomed.port)
        // By now all that it has asked for is in its hand; what is left is the other one's at once.
        let before = try receiver.received()
        let other = try relay(
            "takeover", at: brokers, target: #"{"http":{"url":"\#(receiver.url)"}}"#, in: directory)
        defer { other.peer.stop() }
        var (asked, arrived, quiet) = (0, 0, Date())
        while -quiet.timeIntervalSinceNow < 1 {
            asked += 1
            let now = try receiver.received() - asked - before
            if now > arrived { (arrived, quiet) = (now, Date()) }
            usleep(2_000)
        }
        guard arrived < events else { throw BenchmarkFault("the relay to be killed has nothing in hand") }
        let killed = hs_monotonic_ns()
        doomed.peer.kill()
        var first: Double?
        let deadline = Date().addingTimeInterval(60)
        while Date() < deadline {
            asked += 1
            let now = try receiver.received() - asked - before
            let passed = Double(hs_monotonic_ns() - killed) / 1e6
            if now > arrived && first == nil { first = passed }
            if now >= events { return (first ?? passed, passed) }
            usleep(2_000)
        }
        throw BenchmarkFault("the other relay did not deliver all")
    }

    private static func post(_ body: [UInt8], count: Int, to port: UInt16) throws {
        let connection = Port.connected(port)
        defer { close(connection) }
        var answer = [UInt8](repeating: 0, count: 4096)
        let head =
            "POST /s HTTP/1.1\r\nhost: relay\r\ncontent-type: application/json\r\ncontent-length: \(body.count)\r\n\r\n"
        let request = Array(head.utf8) + body
        for _ in 0..<count {
            guard send(connection, request, request.count, Int32(MSG_NOSIGNAL)) == request.count,
                recv(connection, &answer, answer.count, 0) > 0, answer.starts(with: Array("HTTP/1.1 202".utf8))
            else { throw BenchmarkFault("an event was not accepted") }
        }
    }
}
