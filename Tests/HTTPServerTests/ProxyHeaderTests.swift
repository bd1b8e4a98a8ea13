import TestSupport
import Testing

@testable import HTTPServer

struct ProxyHeaderTests {
    /// What became of the bytes that a connection begins with.
    enum Outcome: Equatable {
        case read(ProxyHeader)
        case unfinished
        case malformed
    }

    private func read(_ bytes: [UInt8]) -> Outcome {
        bytes.withUnsafeBytes { bytes in
            do throws(ProxyHeader.Malformed) {
                return try ProxyHeader.read(bytes).map(Outcome.read) ?? .unfinished
            } catch {
                return .malformed
            }
        }
    }

    private func read(_ text: String) -> Outcome { read(Array(text.utf8)) }

    static let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0x00, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    /// A header of version 2.
    static func binary(_ command: UInt8, _ family: UInt8, _ rest: [UInt8]) -> [UInt8] {
        signature + [command, family, UInt8(rest.count >> 8), UInt8(rest.count & 255)] + rest
    }

    private static let v4: [UInt8] = [192, 0, 2, 1, 192, 0, 2, 2, 0xDC, 0x04, 0x01, 0xBB]
    private static let v6: [UInt8] =
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1] + [UInt8](repeating: 0, count: 15) + [2]
        + [0xDC, 0x04, 0x01, 0xBB]

    @Test func aLineNamesTheClient() {
        #expect(
            read("PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\nGET /")
                == .read(ProxyHeader(length: 42, client: .v4(0xC000_0201))))
        #expect(
            read("PROXY TCP6 2001:db8::1 ::2 1 65535\r\n")
                == .read(ProxyHeader(length: 36, client: .v6(0x2001_0DB8_0000_0000, 1))))
        #expect(
            read("PROXY TCP6 ::ffff:192.0.2.1 ::2 1 2\r\n")
                == .read(ProxyHeader(length: 37, client: .v4(0xC000_0201))))
    }

    @Test func anUnknownClientIsTheProxyItself() {
        #expect(read("PROXY UNKNOWN\r\n") == .read(ProxyHeader(length: 15, client: nil)))
        #expect(read("PROXY UNKNOWN ffff::1 x y\r\n") == .read(ProxyHeader(length: 27, client: nil)))
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n", "PROXYTCP4", "PROXY\r\n", "PROXY \r\n",
        "PROXY TCP4\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n",
        "PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n", "PROXY TCP4 ::1 ::2 1 2\r\n", "PROXY TCP4 a 192.0.2.2 1 2\r\n",
        "PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n", "PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1 \r\n", "\r\nPOST / HTTP/1.1\r\n",
        "\u{16}\u{03}\u{01}",
    ]) func whatIsNoHeaderIsMalformed(text: String) {
        #expect(read(text) == .malformed)
    }

    @Test func aLineWithoutEndIsMalformed() {
        let begun = "PROXY UNKNOWN " + String(repeating: "x", count: 92)
        #expect(read(begun) == .unfinished)
        #expect(read(begun + "x") == .malformed)
    }

    @Test func aBinaryHeaderNamesTheClient() {
        #expect(
            read(Self.binary(0x21, 0x11, Self.v4) + [0x47])
                == .read(ProxyHeader(length: 28, client: .v4(0xC000_0201))))
        #expect(
            read(Self.binary(0x21, 0x21, Self.v6))
                == .read(ProxyHeader(length: 52, client: .v6(0x2001_0DB8_0000_0000, 1))))
        #expect(
            read(Self.binary(0x21, 0x31, [UInt8](repeating: 0, count: 216)))
                == .read(ProxyHeader(length: 232, client: .local)))
    }

    @Test func whatAProxyAddsIsPassedOver() {
        #expect(
            read(Self.binary(0x21, 0x11, Self.v4 + [0x04, 0x00, 0x01, 0x00]))
                == .read(ProxyHeader(length: 32, client: .v4(0xC000_0201))))
    }

    @Test func aProxyMaySpeakForItself() {
        #expect(read(Self.binary(0x20, 0x00, [])) == .read(ProxyHeader(length: 16, client: nil)))
        #expect(read(Self.binary(0x20, 0x11, Self.v4)) == .read(ProxyHeader(length: 28, client: nil)))
        #expect(read(Self.binary(0x21, 0x00, [1, 2])) == .read(ProxyHeader(length: 18, client: nil)))
    }

    @Test(arguments: [(0x11, 0x11), (0x22, 0x11), (0x31, 0x11), (0x21, 0x12), (0x21, 0x22), (0x21, 0x41), (0x01, 0x00)])
    func anotherVersionCommandOrFamilyIsMalformed(command: Int, family: Int) {
        #expect(read(Self.binary(UInt8(command), UInt8(family), Self.v6)) == .malformed)
    }

    @Test func addressesThatAreTooShortAreMalformed() {
        #expect(read(Self.binary(0x21, 0x11, Array(Self.v4.dropLast()))) == .malformed)
        #expect(read(Self.binary(0x21, 0x21, Self.v4)) == .malformed)
        #expect(read(Self.binary(0x21, 0x31, Self.v6)) == .malformed)
    }

    @Test func aHeaderOverTheLimitIsMalformedBeforeItComes() {
        let most = ProxyHeader.limitBytes - 16
        #expect(read(Self.binary(0x21, 0x00, [UInt8](repeating: 0, count: most))) != .malformed)
        #expect(read(Self.binary(0x21, 0x00, [UInt8](repeating: 0, count: most + 1))) == .malformed)
        #expect(read(Self.signature + [0x21, 0x11, 0xFF, 0xFF]) == .malformed)
    }

    @Test func aHeaderIsUnfinishedUntilItsLastByte() {
        for header in [Self.binary(0x21, 0x21, Self.v6), Array("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n".utf8)] {
            for count in header.indices { #expect(read(Array(header[..<count])) == .unfinished) }
            guard case .read(let whole) = read(header) else {
                Issue.record("a whole header is read")
                continue
            }
            #expect(whole.length == header.count)
        }
    }

    @Test func chanceBreaksNothing() {
        for seed in 0..<4000 {
            var chance = SeededGenerator(seed: seed)
            let begin = [Self.binary(0x21, 0x21, Self.v6), Array("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n".utf8)]
            let bytes = chance.mutated(begin.randomElement(using: &chance)!, pieces: ["\r\n", " ", "0", "TCP6", "\0"])
            guard case .read(let header) = read(bytes) else { continue }
            #expect(header.length <= bytes.count, "seed \(seed)")
            #expect(read(Array(bytes[..<header.length])) == .read(header), "seed \(seed)")
        }
    }
}
