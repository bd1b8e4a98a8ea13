import Glibc
import Synchronization
import Testing

@testable import HTTPServer

struct ListenerTests {
    private let path = "/tmp/hookswitch-\(UInt64.random(in: 0 ..< .max)).sock"

    @Test func portZeroBecomesTheOneThatWasChosen() throws {
        let listener = try Listener(ListenerSettings(.v4(0x7F00_0001, port: 0)))
        #expect(listener.address.port != 0)
        #expect(listener.address.isLocal)
    }

    @Test func anAddressInUseIsAnError() throws {
        let listener = try Listener(ListenerSettings(.v4(0x7F00_0001, port: 0)))
        let error = #expect(throws: ListenError.self) { try Listener(ListenerSettings(listener.address)) }
        #expect(error?.errno == EADDRINUSE)
        #expect(error?.address == listener.address)
    }

    @Test func anAddressCanBeHadAgainOnceItsListenerIsGone() throws {
        let address = try Listener(ListenerSettings(.v4(0x7F00_0001, port: 0))).address
        _ = try Listener(ListenerSettings(address))
    }

    @Test func aUnixSocketHasItsModeAndGoesWithItsListener() throws {
        var listener: Listener? = try Listener(ListenerSettings(.unix(path: path, mode: 0o640)))
        var status = stat()
        #expect(stat(path, &status) == 0)
        #expect(status.st_mode & 0o777 == 0o640)
        #expect(listener?.address == .unix(path: path, mode: 0o640))
        listener = nil
        #expect(stat(path, &status) == -1)
    }

    @Test func aUnixSocketThatWasLeftOverIsReplaced() throws {
        // A socket that nobody has any more, as a killed process leaves it.
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        #expect(ListenAddress.unix(path: path, mode: 0o600).bind(descriptor) == 0)
        close(descriptor)
        let listener = try Listener(ListenerSettings(.unix(path: path, mode: 0o600)))
        #expect(listener.descriptor >= 0)
    }

    @Test func aUnixSocketInAMissingDirectoryIsAnError() {
        let error = #expect(throws: ListenError.self) {
            try Listener(ListenerSettings(.unix(path: path + "/x/y", mode: 0o600)))
        }
        #expect(error?.errno == ENOENT)
        #expect(error?.call == "bind")
    }

    @Test func aFileThatIsNoSocketIsLeftAlone() throws {
        let descriptor = open(path, O_CREAT | O_WRONLY, 0o600)
        close(descriptor)
        defer { unlink(path) }
        let error = #expect(throws: ListenError.self) { try Listener(ListenerSettings(.unix(path: path, mode: 0o600))) }
        #expect(error?.errno == EEXIST)
        #expect(error?.description.contains("is no socket") == true)
        #expect(access(path, F_OK) == 0)
    }

    @Test func aUnixSocketThatAnotherTookOverStays() throws {
        let first = Mutex<Listener?>(try Listener(ListenerSettings(.unix(path: path, mode: 0o600))))
        let second = try Listener(ListenerSettings(.unix(path: path, mode: 0o600)))
        first.withLock { $0 = nil }
        #expect(access(path, F_OK) == 0)
        withExtendedLifetime(second) {}
    }

    @Test func anAddressMayBeSharedByThoseThatAllSaySo() throws {
        let first = try Listener(ListenerSettings(.v4(0x7F00_0001, port: 0)), isShared: true)
        let second = try Listener(ListenerSettings(first.address), isShared: true)
        #expect(second.address == first.address)
        #expect(throws: ListenError.self) { try Listener.checkIsFree(first.address) }
        #expect(throws: ListenError.self) { try Listener(ListenerSettings(first.address)) }
    }

    @Test func aSocketThatNobodyPassedIsAnError() throws {
        let address = try #require(ListenAddress("fd:door"))
        let error = #expect(throws: ListenError.self) { try Listener(ListenerSettings(address)) }
        #expect(error?.description.contains("no listening socket of this name") == true)
    }

    @Test func passedSocketsAreFoundByName() {
        let environment = ["LISTEN_PID": "7", "LISTEN_FDS": "3", "LISTEN_FDNAMES": "door:admin:door"]
        #expect(InheritedSockets.named("door", process: 7, environment: { environment[$0] }) == [3, 5])
        #expect(InheritedSockets.named("admin", process: 7, environment: { environment[$0] }) == [4])
        #expect(InheritedSockets.named("other", process: 7, environment: { environment[$0] }) == [])
        #expect(InheritedSockets.named("door", process: 8, environment: { environment[$0] }) == [])
        #expect(InheritedSockets.named("door", process: 7, environment: { _ in nil }) == [])
    }
}
