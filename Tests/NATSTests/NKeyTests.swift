import Testing

@testable import NATS

@Suite struct NKeyTests {
    @Test func aSeedGivesItsPublicKey() throws {
        // The 32 bytes of RFC 8032 §7.1, test 1, as a user's seed.
        let seed: [UInt8] = [
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
            0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
        ]
        let publicKey: [UInt8] = [
            0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e, 0xe1,
            0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
        ]
        var bytes: [UInt8] = [0, 0] + seed
        bytes[0] = 18 << 3 | (20 << 3) >> 5
        bytes[1] = (20 << 3 & 31) << 3
        let checksum = NKey.checksum(bytes[...])
        bytes += [UInt8(truncatingIfNeeded: checksum), UInt8(checksum >> 8)]
        let text = NKey.encode(bytes)
        #expect(text.hasPrefix("SU"))
        let key = try #require(NKey(seed: text))
        let name = try #require(key.publicKey)
        #expect(name.hasPrefix("U"))
        #expect(NKey.decode(Array(name.utf8)).map { Array($0[1..<33]) } == publicKey)
        #expect(key.signature(of: "nonce")?.count == 86)
    }

    @Test(arguments: ["", "SU", "SUAAAA", "UAAAA", "su"]) func whatIsNoSeedIsRefused(text: String) {
        #expect(NKey(seed: text) == nil)
    }

    @Test func aCredentialsFileIsTakenApart() {
        let file = """
            -----BEGIN NATS USER JWT-----
            abc.def
            ------END NATS USER JWT------

            -----BEGIN USER NKEY SEED-----
            SUXYZ
            ------END USER NKEY SEED------
            """
        #expect(Introduction.section("NATS USER JWT", of: file) == "abc.def")
        #expect(Introduction.section("USER NKEY SEED", of: file) == "SUXYZ")
        #expect(Introduction.section("OTHER", of: file) == nil)
    }
}
