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
        #expect(PeerAddress.v6(0x2001_0DB8_0000_0000, 0xFF).description == "2001:db8:0:0:0:0:0:ff")
        #expect(PeerAddress.local.description == "unix")
    }
}
