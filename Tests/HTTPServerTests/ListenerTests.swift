import Glibc
import Testing

@testable import HTTPServer

struct ListenerTests {
    private let path = "/tmp/hookswitch-\(UInt64.random(in: 0 ..< .max)).sock"

    @Test func portZeroBecomesTheOneThatWasChosen() throws {
        let listener = try Listener(.v4(0x7F00_0001, port: 0))
        #expect(listener.address.port != 0)
        #expect(listener.address.isLocal)
    }

    @Test func anAddressInUseIsAnError() throws {
        let listener = try Listener(.v4(0x7F00_0001, port: 0))
        let error = #expect(throws: ListenError.self) { try Listener(listener.address) }
        #expect(error?.errno == EADDRINUSE)
        #expect(error?.address == listener.address)
    }

    @Test func anAddressCanBeHadAgainOnceItsListenerIsGone() throws {
        let address = try Listener(.v4(0x7F00_0001, port: 0)).address
        _ = try Listener(address)
    }

    @Test func aUnixSocketHasItsModeAndGoesWithItsListener() throws {
        var listener: Listener? = try Listener(.unix(path: path, mode: 0o640))
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o640)
        #expect(listener?.address == .unix(path: path, mode: 0o640))
        listener = nil
        #expect(stat(path, &status) == -1)
    }

    @Test func aUnixSocketThatWasLeftOverIsReplaced() throws {
        let descriptor = open(path, O_CREAT | O_WRONLY, 0o600)
        close(descriptor)
        let listener = try Listener(.unix(path: path, mode: 0o600))
        #expect(listener.descriptor >= 0)
    }

    @Test func aUnixSocketInAMissingDirectoryIsAnError() {
        let error = #expect(throws: ListenError.self) { try Listener(.unix(path: path + "/x/y", mode: 0o600)) }
        #expect(error?.errno == ENOENT)
        #expect(error?.call == "bind")
    }
}
