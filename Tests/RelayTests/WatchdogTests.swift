import Synchronization
import Testing

@testable import Relay

/// When the service manager is told that the relay lives.
struct WatchdogTests {
    @Test func itIsToldOnceEveryLoopHasComeRoundAndNotWhileOneHangs() {
        let asked = Mutex<[@Sendable () -> Void]>([])
        let beats = Atomic(0)
        let watchdog = Watchdog([{ $0() }, { block in asked.withLock { $0.append(block) } }]) {
            beats.add(1, ordering: .relaxed)
        }
        watchdog.round()
        watchdog.round()
        #expect(beats.load(ordering: .relaxed) == 0)
        #expect(asked.withLock { $0.count } == 1)
        asked.withLock { $0.removeFirst() }()
        #expect(beats.load(ordering: .relaxed) == 1)
        watchdog.round()
        #expect(asked.withLock { $0.count } == 1)
    }
}
