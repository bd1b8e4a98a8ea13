import Testing

@testable import Delivery

struct Base64Tests {
    /// RFC 4648 §10.
    @Test(arguments: [
        ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ]) func theStandardsOwnExamplesHold(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == Array(text.utf8))
    }

    @Test func nothingIsEncodedAsNothing() {
        #expect(Base64.encode([]) == "")
    }

    @Test(arguments: 1...67) func everyByteComesBack(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 37 + count) }
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }

    @Test(arguments: [
        "", "A", "AA", "AAA", "AAAA=", "====", "A===", "AA=A", "=AAA", "AA==AAAA", "AA-_", "AA A", "AAAA\n", "ÄA==",
    ]) func whatIsNotBase64IsRefused(text: String) {
        #expect(Base64.decode(text) == nil)
    }
}
