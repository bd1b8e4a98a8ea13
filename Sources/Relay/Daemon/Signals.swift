import Glibc

/// The signals that the daemon is steered by, waited for on one thread instead of interrupting any.
struct Signals {
    /// What a signal asks for.
    enum Request {
        /// `handingOver`: another daemon listens already and waits for the spool.
        case stop(name: String, handingOver: Bool)
        case reload
    }

    private var set = sigset_t()

    /// Blocks the signals for this thread and those that it will start, and lets writes to closed sockets fail instead of kill.
    init() {
        sigemptyset(&set)
        for number in [SIGTERM, SIGINT, SIGHUP, SIGUSR2] { sigaddset(&set, number) }
        pthread_sigmask(SIG_BLOCK, &set, nil)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Waits for the next one.
    mutating func next() -> Request {
        while true {
            var number: Int32 = 0
            guard sigwait(&set, &number) == 0 else { continue }
            switch number {
            case SIGHUP: return .reload
            case SIGINT: return .stop(name: "SIGINT", handingOver: false)
            case SIGUSR2: return .stop(name: "SIGUSR2", handingOver: true)
            default: return .stop(name: "SIGTERM", handingOver: false)
            }
        }
    }

    /// Gives those that stop their usual effect back: a second one ends a stop that takes too long for somebody.
    func releaseStops() {
        var stops = sigset_t()
        sigemptyset(&stops)
        sigaddset(&stops, SIGTERM)
        sigaddset(&stops, SIGINT)
        pthread_sigmask(SIG_UNBLOCK, &stops, nil)
    }
}
