import CCurl
import CPlatform
import Glibc

/// libcurl's sockets in the loop's epoll. Belongs to the loop's thread.
///
/// libcurl asks to watch a connection at each request's beginning and to leave it alone at its end. A connection of ours stays
/// in the epoll between two requests, which spares two system calls of each; what happens on it meanwhile takes it out.
final class WatchedSockets {
    private struct Watch {
        /// What the epoll reports; 0 if it doesn't have the socket.
        var registered: UInt32 = 0
        /// What libcurl wants to hear of; 0 for nothing.
        var wanted: UInt32 = 0
        /// Whether we made it, and will hear when it is closed.
        var isOurs = false
        /// Whether it is somebody else's now, and stays open when libcurl is done with it.
        var isGiven = false
    }

    private let epoll: Int32
    private var watches: [Watch] = []

    init(epoll: Int32) {
        self.epoll = epoll
    }

    /// A socket has been made for libcurl.
    func opened(_ socket: Int32) {
        guard socket >= 0 else { return }
        grow(to: socket)
        watches[Int(socket)] = Watch(isOurs: true)
    }

    /// A socket is taken from libcurl, and out of the epoll: it stays open.
    func give(_ socket: Int32) {
        grow(to: socket)
        register(socket, 0, &watches[Int(socket)])
        watches[Int(socket)] = Watch(isGiven: true)
    }

    /// Closes a socket, of which the epoll lets go by itself; one that was given away is not libcurl's any more.
    func close(_ socket: Int32) -> Int32 {
        if Int(socket) < watches.count, watches[Int(socket)].isGiven {
            watches[Int(socket)] = Watch()
            return 0
        }
        if Int(socket) < watches.count { watches[Int(socket)] = Watch() }
        return Glibc.close(socket)
    }

    /// libcurl wants to hear of a socket, or no longer.
    func watch(_ socket: Int32, _ what: Int32) {
        grow(to: socket)
        var watch = watches[Int(socket)]
        if watch.isGiven { return }
        watch.wanted = 0
        if what != CURL_POLL_REMOVE {
            if what & CURL_POLL_IN != 0 { watch.wanted |= UInt32(EPOLLIN.rawValue) }
            if what & CURL_POLL_OUT != 0 { watch.wanted |= UInt32(EPOLLOUT.rawValue) }
            register(socket, watch.wanted, &watch)
        } else if !watch.isOurs {
            register(socket, 0, &watch)
        }
        watches[Int(socket)] = watch
    }

    /// Whether an event is for libcurl. If nobody wants it, the socket is taken out of the epoll.
    func isWanted(_ socket: Int32) -> Bool {
        guard Int(socket) < watches.count else { return false }
        if watches[Int(socket)].wanted != 0 { return true }
        register(socket, 0, &watches[Int(socket)])
        return false
    }

    private func register(_ socket: Int32, _ events: UInt32, _ watch: inout Watch) {
        guard events != watch.registered else { return }
        let operation: Int32 = events == 0 ? 2 : watch.registered == 0 ? 1 : 3
        _ = hs_epoll_control(epoll, operation, socket, events, UInt64(UInt32(bitPattern: socket)))
        watch.registered = events
    }

    private func grow(to socket: Int32) {
        while watches.count <= Int(socket) { watches.append(Watch()) }
    }
}
