import CPlatform
import Glibc
import Synchronization

/// The epoll of a thread that loops, and a locked inbox that other threads put work into, in batches.
///
/// Unchecked: the descriptors never change; the inbox has a lock; all else belongs to whoever runs on the thread.
final class LoopInbox<Message: Sendable>: @unchecked Sendable {
    /// The token of the inbox among an epoll's events.
    static var inboxToken: UInt64 { .max }

    let epoll: Int32
    private let bell: Int32
    private let inbox = Mutex<[Message]>([])

    /// Makes the descriptors; `nil` if the process has none left.
    init?() {
        epoll = hs_epoll_create()
        bell = hs_eventfd()
        guard epoll >= 0, bell >= 0, hs_epoll_control(epoll, 1, bell, UInt32(EPOLLIN.rawValue), Self.inboxToken) == 0
        else { return nil }
    }

    deinit {
        close(epoll)
        close(bell)
    }

    /// Puts messages into the inbox. From any thread; rings only if the inbox was empty.
    func send(_ messages: [Message]) {
        guard !messages.isEmpty else { return }
        let wasEmpty = inbox.withLock { inbox in
            defer { inbox.append(contentsOf: messages) }
            return inbox.isEmpty
        }
        guard wasEmpty else { return }
        var one: UInt64 = 1
        _ = write(bell, &one, 8)
    }

    /// What has gathered. On the thread, after the inbox's token was seen.
    func takeMessages() -> [Message] {
        var count: UInt64 = 0
        _ = read(bell, &count, 8)
        return inbox.withLock { inbox in
            defer { inbox = [] }
            return inbox
        }
    }
}
