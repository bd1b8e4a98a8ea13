import CPlatform
import Glibc
import Synchronization

/// A thread of its own for something that loops, with a name that `top -H` shows. All signals are blocked on it: they are
/// for the thread that waits for them.
public final class LoopThread: Sendable {
    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    private let thread: pthread_t
    private let isJoined = Atomic(false)

    /// Starts a thread; `nil` if the process may have no more.
    public init?(name: String, _ body: @escaping @Sendable () -> Void) {
        var thread = pthread_t()
        let start = Unmanaged.passRetained(Start(String(name.prefix(15)), body))
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let failed = pthread_create(
            &thread, nil,
            { raw in
                guard let raw else { return nil }
                let start = Unmanaged<Start>.fromOpaque(raw).takeRetainedValue()
                hs_name_thread(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard failed == 0 else {
            start.release()
            return nil
        }
        self.thread = thread
    }

    /// Waits for its end. Only the first call waits.
    public func join() {
        if !isJoined.exchange(true, ordering: .relaxed) { pthread_join(thread, nil) }
    }
}
