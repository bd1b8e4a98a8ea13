import Glibc
import Testing

@testable import HTTPServer

struct PeerAddressTests {
    /// The peer that the kernel would report for a client at this address.
    private func peer(_ text: String) throws -> PeerAddress {
        var storage = sockaddr_storage()
        _ = try #require(ListenAddress(text)).fill(&storage)
        return PeerAddress(storage)
    }

    @Test func theKernelsAddressesAreRead() throws {
        #expect(try peer("192.0.2.7:5000") == .v4(0xC000_0207))
        #expect(try peer("[2001:db8::1]:5000") == .v6(0x2001_0DB8_0000_0000, 1))
        #expect(try peer("unix:/a") == .local)
    }

    @Test func anIPv4MappedAddressIsAnIPv4Address() throws {
        #expect(try peer("[::ffff:192.0.2.7]:1") == .v4(0xC000_0207))
        #expect(try peer("[::fffe:192.0.2.7]:1") != .v4(0xC000_0207))
    }

    @Test func aClientWithoutAddressIsLocal() {
        #expect(PeerAddress(sockaddr_storage()) == .local)
    }

    @Test func addressesAreWrittenAsPeopleWriteThem() {
        #expect(PeerAddress.v4(0xC000_0207).description == "192.0.2.7")
        #expect(PeerAddress.v6(0x2001_0DB8_0000_0000, 0xFF).description == "2001:db8::ff")
        #expect(PeerAddress.local.description == "unix")
    }

    /// RFC 5952 §4.2.
    @Test(
        arguments: [
            ("::", 0, 0), ("::1", 0, 1), ("fe80::", 0xFE80_0000_0000_0000, 0),
            ("2001:db8:0:1:1:1:1:1", 0x2001_0DB8_0000_0001, 0x1_0001_0001_0001),
            ("2001:0:0:1::1", 0x2001_0000_0000_0001, 1),
            ("2001:db8::1:0:0:1", 0x2001_0DB8_0000_0000, 0x1_0000_0000_0001),
        ] as [(String, UInt64, UInt64)])
    func theLongestRunOfZerosIsLeftOut(text: String, high: UInt64, low: UInt64) {
        #expect(PeerAddress.v6(high, low).description == text)
    }
}
