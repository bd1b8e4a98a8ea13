import EventJSON
import Foundation
import Testing

/// Bodies that no well-behaved sender makes: each is taken and passed on byte for byte, or refused with a reason.
/// Which one stands in `Sources/Relay/Relay.docc/Configuration.md`.
struct OddBodiesTests {
    private static func nested(_ levels: Int) -> [UInt8] {
        Array((String(repeating: "[", count: levels) + String(repeating: "]", count: levels)).utf8)
    }

    private static func object(_ content: String) -> [UInt8] { Array("{\(content)}".utf8) }

    static let taken: [(String, [UInt8])] = [
        ("1 MiB", object(#""a":"\#(String(repeating: "x", count: (1 << 20) - 8))""#)),
        ("10,000 keys", object((0..<10_000).map { "\"k\($0)\":\($0)" }.joined(separator: ","))),
        ("512 levels", nested(512)),
        ("a number of 400 digits", object(#""a":\#(String(repeating: "9", count: 400))"#)),
        ("the same key twice", object(#""a":1,"a":2"#)),
        ("half a surrogate pair", object(#""a":"\ud800""#)),
        ("a null character", object(#""a":"\u0000""#)),
        ("a bare number", Array("1".utf8)),
    ]

    static let refused: [(String, [UInt8])] = [
        ("10,000 levels", nested(10_000)),
        ("invalid UTF-8", Array("{\"a\":\"".utf8) + [0xC3, 0x28] + Array("\"}".utf8)),
        ("a byte order mark", [0xEF, 0xBB, 0xBF] + Array("{}".utf8)),
        ("NaN", object(#""a":NaN"#)),
        ("a comma too many", object(#""a":1,"#)),
        ("nothing", []),
    ]

    @Test func oddBodiesAreTakenAndPassedOnOrRefusedWithAReason() throws {
        let receiver = Receiver()
        let relay = try RelayUnderTest(
            targets: #"{"web": {"http": {"url": "\#(receiver.url("/web"))"}}}"#,
            routes: #"[{"name": "all", "match": {"nothing": [{"exists": false}]}, "to": ["web"]}]"#)
        try relay.start()
        for (name, body) in Self.taken {
            #expect(try relay.post(body).status == 202, "\(name)")
            try wait("\(name) has arrived") { receiver.bodies("/web").contains(body) }
        }
        for (name, body) in Self.refused {
            let answer = try relay.post(body)
            #expect(answer.status == 400, "\(name)")
            #expect(try answer.json()[key: "error"]?.string?.contains("not JSON") == true, "\(name)")
        }
        #expect(receiver.requests("/web").count == Self.taken.count)
    }

    @Test func aSenderThatGoesAwayInTheMiddleLeavesNothingBehind() throws {
        let relay = try RelayUnderTest(
            targets: #"{"f": {"file": {"path": "f.ndjson"}}}"#, routes: #"[{"name": "all", "to": ["f"]}]"#)
        try relay.start()
        for length in [1, 20, 80] {
            let descriptor = try #require(Loopback.connect(relay.port))
            let request = Array("POST /s HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{\"a\":1".utf8)
            _ = Loopback.send(Array(request.prefix(length)), on: descriptor)
            close(descriptor)
        }
        #expect(try relay.post(Array("{}".utf8)).event() == 1)
    }
}
