import Glibc
import Testing

@testable import HTTPServer

struct ListenAddressTests {
    @Test func anIPv4AddressHasFourBytesAndAPort() {
        #expect(ListenAddress("127.0.0.1:8080") == .v4(0x7F00_0001, port: 8080))
        #expect(ListenAddress("0.0.0.0:0") == .v4(0, port: 0))
        #expect(ListenAddress("255.1.2.3:65535") == .v4(0xFF01_0203, port: 65535))
    }

    @Test func anIPv6AddressStandsInBrackets() {
        #expect(ListenAddress("[::1]:80") == .v6(0, 1, port: 80))
        #expect(ListenAddress("[2001:db8::ff]:443") == .v6(0x2001_0DB8_0000_0000, 0xFF, port: 443))
    }

    @Test func aUnixSocketHasAnAbsolutePath() {
        #expect(ListenAddress("unix:/run/x.sock") == .unix(path: "/run/x.sock", mode: 0o660))
        #expect(ListenAddress("unix:run/x.sock") == nil)
        #expect(ListenAddress("unix:") == nil)
    }

    @Test func aUnixSocketsPathIsAsLongAsTheKernelTakes() {
        #expect(ListenAddress("unix:/" + String(repeating: "a", count: 106)) != nil)
        #expect(ListenAddress("unix:/" + String(repeating: "a", count: 107)) == nil)
    }

    @Test func localhostIsTheOnlyName() {
        #expect(ListenAddress("localhost:1") == .v4(0x7F00_0001, port: 1))
        #expect(ListenAddress("relay.example:1") == nil)
    }

    @Test(arguments: [
        "", ":", ":80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+80", "127.0.0.1:80 ",
        " 127.0.0.1:80", "127.1:80", "127.0.0.256:80", "::1:80", "[::1]", "[::1:80", "[]:80", "[127.0.0.1]:80",
        "[::1%lo]:80",
        "[fe80::g]:1", "*:80", "http://127.0.0.1:80", "127.0.0.1:٨٠",
    ]) func whatIsNoAddressIsNone(text: String) {
        #expect(ListenAddress(text) == nil)
    }

    @Test(arguments: ["127.0.0.1:80", "unix:/run/x.sock", "[2001:db8:1:2:3:4:5:6]:1", "[::1]:1"])
    func anAddressIsWrittenAsItIsRead(text: String) throws {
        let address = try #require(ListenAddress(text))
        #expect(address.description == text)
        #expect(ListenAddress(address.description) == address)
    }

    @Test(arguments: [
        ("127.0.0.1:1", true), ("127.255.0.9:1", true), ("[::1]:1", true), ("unix:/a", true), ("0.0.0.0:1", false),
        ("[::]:1", false), ("128.0.0.1:1", false), ("[::2]:1", false),
    ]) func onlyLoopbackAndUnixAreLocal(text: String, isLocal: Bool) {
        #expect(ListenAddress(text)?.isLocal == isLocal)
    }

    @Test func aUnixSocketHasNoPort() {
        #expect(ListenAddress("127.0.0.1:80")?.port == 80)
        #expect(ListenAddress("[::1]:81")?.port == 81)
        #expect(ListenAddress("unix:/a")?.port == nil)
    }

    @Test func anAddressInUseIsSaidWithWhatToDo() {
        let error = ListenError(address: .v4(0x7F00_0001, port: 80), call: "bind", errno: EADDRINUSE)
        #expect(error.description.hasPrefix("cannot listen on 127.0.0.1:80: bind: "))
        #expect(error.description.hasSuffix("stop it, or choose another address"))
        let other = ListenError(address: .unix(path: "/a", mode: 0), call: "bind", errno: EAFNOSUPPORT)
        #expect(other.description == "cannot listen on unix:/a: bind: Address family not supported by protocol")
    }
}
