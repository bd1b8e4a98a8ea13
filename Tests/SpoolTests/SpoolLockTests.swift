import Glibc
import Testing

@testable import Spool

struct SpoolLockTests {
    @Test func aSecondLockIsRefusedAndNamesTheProcess() throws {
        let directory = try TemporaryDirectory()
        let lock = try SpoolLock(directory: directory.path)
        #expect(throws: SpoolError.locked(path: directory.path + "/lock", pid: getpid())) {
            try SpoolLock(directory: directory.path)
        }
        withExtendedLifetime(lock) {}
    }

    @Test func theLockGoesWithItsOwner() throws {
        let directory = try TemporaryDirectory()
        do { _ = try SpoolLock(directory: directory.path) }
        _ = try SpoolLock(directory: directory.path)
    }

    @Test func withoutADirectoryThereIsNoLock() {
        #expect(throws: SpoolError.system(call: "open", path: "/nowhere/at/all/lock", errno: ENOENT)) {
            try SpoolLock(directory: "/nowhere/at/all")
        }
    }
}
