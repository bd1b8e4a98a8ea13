import Dispatch
import NATS
import Synchronization

/// What a client told its owner.
final class Listener: ClientOwner {
    func receivedAll() {}
    private let denials = Mutex<[Denial]>([])
    private let messages = Mutex<[Message]>([])
    private let connections = Mutex(0)
    private let faults = Mutex<[NATSFault]>([])
    let bell = DispatchSemaphore(value: 0)

    var count: Int { connections.withLock { $0 } }
    var received: [Message] { messages.withLock { $0 } }
    var denied: [Denial] { denials.withLock { $0 } }
    var lastFault: NATSFault? { faults.withLock { $0.last } }

    func connected(to server: ServerInfo) {
        connections.withLock { $0 += 1 }
        bell.signal()
    }

    func disconnected(_ fault: NATSFault) {
        faults.withLock { $0.append(fault) }
        bell.signal()
    }

    func denied(_ denial: Denial) {
        denials.withLock { $0.append(denial) }
        bell.signal()
    }

    func received(_ message: Message) {
        messages.withLock { $0.append(message) }
        bell.signal()
    }

    func tick(now: Int64) {}

    /// Waits until a condition holds that something told the owner may bring about.
    func until(_ condition: (Listener) -> Bool) -> Bool {
        while !condition(self) {
            if bell.wait(timeout: .now() + 30) == .timedOut { return false }
        }
        return true
    }
}
