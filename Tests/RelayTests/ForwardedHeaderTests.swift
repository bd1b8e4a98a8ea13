import TestSupport
import Testing

@testable import HTTPServer
@testable import Relay

/// What proxies say of who came before them, read from the right.
struct ForwardedHeaderTests {
    private static let proxies = ["10.0.0.0/8", "2001:db8:ffff::/48"]

    private func client(
        _ headers: [(String, String)], peer: String = "10.0.0.1", trusting blocks: [String] = proxies
    ) throws -> String {
        let trusted = TrustedProxies(blocks: blocks.compactMap(AddressBlock.init))
        return try withRequest("", headers) { request in
            var head = request.head
            head.peer = try #require(peer == "unix" ? .local : PeerAddress(peer))
            do throws(TrustedProxies.Fault) { return try trusted.client(of: head).description } catch {
                return "\(error)"
            }
        }
    }

    @Test(arguments: [
        ("203.0.113.7", "203.0.113.7"), ("203.0.113.7, 10.0.0.9", "203.0.113.7"),
        // What a stranger wrote to the left of a true address counts for nothing.
        ("1.2.3.4, 203.0.113.7, 10.0.0.9", "203.0.113.7"), ("10.0.0.7, 10.0.0.8", "10.0.0.7"),
        ("203.0.113.7:4711", "203.0.113.7"), ("[2001:db8::7]:80", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"), ("[2001:db8::7]", "2001:db8::7"),
        ("::ffff:203.0.113.7", "203.0.113.7"), ("203.0.113.7, [2001:db8:ffff::1]:9", "203.0.113.7"),
        // What is no address ends the walk at the station that told of it.
        ("203.0.113.7, unknown", "10.0.0.1"), ("203.0.113.7, _hidden, 10.0.0.9", "10.0.0.9"),
        ("203.0.113.7, 1.2.3", "10.0.0.1"), ("203.0.113.7:port", "10.0.0.1"), ("203.0.113.7:123456", "10.0.0.1"),
        ("[1.2.3.4]", "10.0.0.1"), ("[2001:db8::7", "10.0.0.1"), ("fe80::1%eth0", "10.0.0.1"), ("", "10.0.0.1"),
        (" , ,203.0.113.7,, ", "203.0.113.7"),
        // U+0600 takes the comma behind it into one character: libFuzzer found that it hid what the proxy had added.
        ("\u{600}, 203.0.113.7", "203.0.113.7"), ("1.2.3.4,\u{301} 203.0.113.7", "10.0.0.1"),
    ]) func xForwardedForIsReadFromTheRight(_ value: String, _ expected: String) throws {
        #expect(try client([("x-forwarded-for", value)]) == expected)
    }

    @Test(arguments: [
        ("for=203.0.113.7", "203.0.113.7"), ("For=\"203.0.113.7:4711\";Proto=https;by=10.0.0.1", "203.0.113.7"),
        ("for=1.2.3.4, for=\"[2001:db8::17]:4711\"", "2001:db8::17"),
        ("for=203.0.113.7 , for=10.0.0.9", "203.0.113.7"),
        ("for=203.0.113.7:80", "203.0.113.7"), ("for=\"203\\.0.113.7\"", "203.0.113.7"),
        ("for=203.0.113.7;;proto=http", "203.0.113.7"), (",for=203.0.113.7,", "203.0.113.7"),
        ("for=203.0.113.7, for=unknown", "10.0.0.1"), ("for=203.0.113.7, for=\"_sec\"", "10.0.0.1"),
        ("for=203.0.113.7, proto=http", "10.0.0.1"), ("by=\"a,for=1.2.3.4\", for=203.0.113.7", "203.0.113.7"),
        // A quote that a stranger left open would swallow what the proxy added.
        ("for=\"1.2.3.4, for=203.0.113.7", "malformed"), ("for=1.2.3.4;for=203.0.113.7", "malformed"),
        ("for", "malformed"), ("for=", "malformed"), ("=x", "malformed"), ("for =1.2.3.4", "malformed"),
        ("for=1.2.3.4 for=203.0.113.7", "malformed"), ("for=\"1.2.3.4\"x", "malformed"),
        ("for=\"1.2.3.4\\", "malformed"),
    ]) func forwardedIsReadFromTheRight(_ value: String, _ expected: String) throws {
        #expect(try client([("forwarded", value)]) == expected)
    }

    @Test func severalHeadersAreOneList() throws {
        #expect(try client([("x-forwarded-for", "1.1.1.1"), ("X-Forwarded-For", "2.2.2.2, 10.0.0.9")]) == "2.2.2.2")
        #expect(try client([("forwarded", "for=1.1.1.1"), ("Forwarded", "for=2.2.2.2")]) == "2.2.2.2")
    }

    @Test func twoHeadersThatDisagreeAreRefused() throws {
        // nginx, say, writes the one and passes a stranger's other one on.
        #expect(try client([("x-forwarded-for", "203.0.113.7"), ("forwarded", "for=10.9.9.9")]) == "contradiction")
        #expect(try client([("x-forwarded-for", "203.0.113.7"), ("forwarded", "for=203.0.113.7")]) == "203.0.113.7")
    }

    @Test func aPeerThatIsNoTrustedProxyIsBelievedNothing() throws {
        let headers = [("x-forwarded-for", "203.0.113.7"), ("forwarded", "nonsense")]
        #expect(try client(headers, peer: "192.0.2.1") == "192.0.2.1")
        #expect(try client(headers, trusting: []) == "10.0.0.1")
        #expect(try client([("x-forwarded-for", "203.0.113.7")], peer: "unix") == "unix")
        #expect(try client([("x-forwarded-for", "203.0.113.7")], peer: "unix", trusting: ["unix"]) == "203.0.113.7")
        #expect(try client([]) == "10.0.0.1")
    }

    /// Bytes at random, made of what such headers are made of: nothing breaks, and whatever a stranger writes, the address that
    /// the trusted proxy adds behind it is the one that counts, or the request is refused.
    @Test func noPrefixChangesWhatTheTrustedProxyAdds() throws {
        var random = SeededGenerator(seed: 7)
        let pieces = [
            "for=", "\"", "\\", ";", ",", " ", "1.2.3.4", "[2001:db8::1]", ":80", "unknown", "_x", "=", "by", "é",
            "\u{600}", "\u{301}", "\t",
            "for",
        ]
        for _ in 0..<20_000 {
            let noise = (0..<Int.random(in: 0...8, using: &random)).map { _ in pieces.randomElement(using: &random)! }
                .joined()
            let values = ForwardedHeader.stations(xForwardedFor: [noise + ", 203.0.113.7"])
            #expect(values.last == PeerAddress("203.0.113.7"))
            if let stations = ForwardedHeader.stations(forwarded: [noise + ", for=203.0.113.7"]) {
                #expect(stations.last == PeerAddress("203.0.113.7"), "\(noise)")
            }
            // Two headers or one list: the same.
            if let one = ForwardedHeader.stations(forwarded: [noise]) {
                #expect(
                    ForwardedHeader.stations(forwarded: [noise, "for=10.0.0.9"]) == one + [PeerAddress("10.0.0.9")])
            }
        }
    }
}

/// Blocks of addresses.
struct AddressBlockTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1", true), ("10.0.0.0/8", "11.0.0.1", false), ("0.0.0.0/0", "1.2.3.4", true),
        ("1.2.3.4", "1.2.3.4", true), ("1.2.3.4", "1.2.3.5", false), ("2001:db8::/33", "2001:db8:7fff::1", true),
        ("2001:db8::/33", "2001:db8:8000::1", false), ("2001:db8::1", "2001:db8::1", true), ("::/0", "1.2.3.4", false),
        ("::ffff:10.0.0.0/104", "10.9.9.9", true), ("::ffff:1.2.3.4", "1.2.3.4", true),
        ("10.0.0.0/8", "::ffff:10.1.1.1", true),
        ("2001:db8::/64", "2001:db8::ffff:1:2:3", true), ("2001:db8::/65", "2001:db8:0:0:8000::", false),
    ]) func anAddressIsInItsBlock(_ block: String, _ address: String, _ isIn: Bool) throws {
        let block = try #require(AddressBlock(block))
        #expect(block.contains(try #require(PeerAddress(address))) == isIn)
    }

    @Test(arguments: [
        "", "x", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/+8", "::/129", "::ffff:1.2.3.4/95",
        "localhost", "1.2.3.4:80", "[::1]", "01.2.3.4",
    ]) func whatIsNoBlockIsNone(_ text: String) { #expect(AddressBlock(text) == nil) }
}
