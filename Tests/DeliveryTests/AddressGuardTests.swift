import Testing

@testable import Delivery

struct AddressGuardTests {
    private func v4(_ a: UInt128, _ b: UInt128, _ c: UInt128, _ d: UInt128) -> UInt128 {
        0xFFFF << 32 | a << 24 | b << 16 | c << 8 | d
    }

    @Test func theMetadataAddressesAreDeniedUnlessAllowed() {
        var addresses = AddressGuard()
        let metadata: [UInt128] = [
            v4(169, 254, 169, 254), v4(169, 254, 0, 1), v4(100, 100, 100, 200), v4(192, 0, 0, 192),
            0xFE80 << 112 | 1, 0xFD00_0EC2 << 96 | 0x254,
            // 169.254.169.254 for NAT64
            0x0064_FF9B << 96 | 0xA9FE_A9FE,
            // and for 6to4
            0x2002_A9FE_A9FE << 80 | 1,
            0xFD20_00CE << 96 | 0x254, v4(168, 63, 129, 16),
        ]
        for address in metadata { #expect(addresses.denies(address), "\(AddressGuard.text(address))") }
        addresses.allowed = [.init(bits: v4(169, 254, 169, 254), prefix: 128)]
        #expect(!addresses.denies(v4(169, 254, 169, 254)))
        #expect(addresses.denies(v4(169, 254, 169, 253)))
    }

    @Test func otherAddressesAreNot() {
        let addresses = AddressGuard()
        let others: [UInt128] = [
            v4(127, 0, 0, 1), v4(169, 253, 255, 255), v4(10, 0, 0, 1), 1, 0xFD00_0EC2 << 96 | 0x253,
        ]
        for address in others {
            #expect(!addresses.denies(address), "\(AddressGuard.text(address))")
        }
    }

    @Test func aBlockThatIsListedIsDeniedAndItsNeighboursAreNot() {
        var addresses = AddressGuard()
        addresses.denied = [.init(bits: v4(10, 0, 0, 0), prefix: 96 + 8), .init(bits: 0xFD00 << 112, prefix: 8)]
        #expect(addresses.denies(v4(10, 255, 255, 255)))
        #expect(!addresses.denies(v4(11, 0, 0, 0)))
        #expect(addresses.denies(0xFDFF << 112))
        #expect(!addresses.denies(0xFE00 << 112))
    }

    @Test func theAddressThatStandsForNoneIsTheLoopbackOneToo() {
        var addresses = AddressGuard()
        #expect(!addresses.denies(v4(0, 0, 0, 0)))
        #expect(!addresses.denies(0))
        addresses.denied = [.init(bits: v4(127, 0, 0, 0), prefix: 96 + 8), .init(bits: 1, prefix: 128)]
        #expect(addresses.denies(v4(0, 0, 0, 0)))
        #expect(addresses.denies(0))
        addresses.denied = [.init(bits: v4(0, 0, 0, 0), prefix: 96 + 8)]
        #expect(addresses.denies(v4(0, 0, 0, 0)))
        #expect(!addresses.denies(v4(127, 0, 0, 1)))
    }

    @Test func aBlockIsDeniedInWhicheverWayItIsListed() {
        var addresses = AddressGuard()
        addresses.denied = [.init(bits: 0x2002 << 112, prefix: 16)]
        #expect(addresses.denies(0x2002_0A01_0203 << 80 | 1))
        #expect(!addresses.denies(v4(10, 1, 2, 3)))
        addresses.denied = [.init(bits: v4(10, 0, 0, 0), prefix: 96 + 8)]
        #expect(addresses.denies(0x2002_0A01_0203 << 80 | 1))
    }

    @Test func anAddressIsShownAsPeopleWriteIt() {
        #expect(AddressGuard.text(v4(169, 254, 169, 254)) == "169.254.169.254")
        #expect(AddressGuard.text(0xFD00_0EC2 << 96 | 0x254) == "fd00:ec2::254")
    }
}
