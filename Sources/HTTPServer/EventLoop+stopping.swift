import CPlatform
import Glibc

/// The end of a loop: nothing that has arrived is lost, and nobody waits for clients that have nothing to say.
extension EventLoop {
    /// Stops accepting, answers what has been read, and ends the thread when the last connection is done or the time is over. From any thread.
    ///
    /// With `divertingTo`, new connections are first turned to the socket of that number among those that share the address.
    func stop(within grace: Duration, divertingTo successor: Int? = nil) {
        perform { [self] in
            let now = hs_monotonic_ns()
            stopDeadline = now + grace.wholeNanoseconds
            guard let successor else { return closeListeners() }
            for listener in listeners where listener.address.port != nil {
                _ = hs_divert(listener.descriptor, UInt32(successor))
            }
            listenersEnd = now + EventLoop.divertNanoseconds
        }
    }

    /// Stops accepting, answers what has been read, and ends the thread. From any thread.
    public func stop(within grace: Duration) { stop(within: grace, divertingTo: nil) }

    /// Takes what the kernel has accepted already, and closes the sockets. Those that the service manager holds stay open
    /// there, with all that waits at them.
    func closeListeners() {
        listenersEnd = nil
        for (index, listener) in listeners.enumerated() {
            if case .inherited = listener.address {} else { while accept(index) {} }
            _ = hs_epoll_control(epoll, EPOLL_CTL_DEL, listener.descriptor, 0, 0)
        }
        listeners = []
        for (slot, connection) in connections.enumerated() {
            guard let connection, connection.isIdle else { continue }
            if connection.isFresh {
                connection.deadline = min(connection.deadline, now + EventLoop.lastCallNanoseconds)
            } else if hasMore(connection) {
                receive(slot, connection)
            } else {
                drop(slot)
            }
        }
    }

    /// Whether something has arrived that was not read yet.
    private func hasMore(_ connection: Connection) -> Bool {
        var byte: UInt8 = 0
        return recv(connection.descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT)) > 0
    }

    var isDone: Bool {
        guard let stopDeadline else { return false }
        return (open == 0 && listeners.isEmpty) || hs_monotonic_ns() >= stopDeadline
    }
}
