/// Which server is tried next, and when. A plain value: time and chance come in.
///
/// Servers are tried in turn. One that failed is not tried again before its wait is over, which doubles from `firstWait` up to
/// `longestWait` and has chance in it, so that clients of a broker that comes back don't come all at once.
struct ServerPool: Sendable {
    /// How long a server is left alone that failed once, in milliseconds.
    static let firstWait: Int64 = 100
    /// The longest that a server is left alone, in milliseconds.
    static let longestWait: Int64 = 5_000
    /// How many servers are known at the most; a cluster names its own.
    static let limit = 64

    private struct Entry {
        var address: ServerAddress
        var failures = 0
        var notBefore: Int64 = 0
        /// Whether the configuration names it: those stay.
        var isConfigured: Bool
    }

    private var entries: [Entry]
    private var next = 0

    /// The servers of a configuration, which are tried from `first` on.
    init(_ addresses: [ServerAddress], first: Int = 0) {
        entries = addresses.map { Entry(address: $0, isConfigured: true) }
        next = addresses.isEmpty ? 0 : first % addresses.count
    }

    /// All that are known.
    var addresses: [ServerAddress] { entries.map(\.address) }

    /// A cluster names its servers: new ones are added, those that were only learned from it and are no longer named go.
    mutating func learn(_ texts: [String], secure: Bool) {
        guard !texts.isEmpty else { return }
        let named = texts.compactMap { ServerAddress((secure ? "tls://" : "nats://") + $0) }
        func isSame(_ one: ServerAddress, _ other: ServerAddress) -> Bool {
            one.host == other.host && one.port == other.port
        }
        entries.removeAll { entry in !entry.isConfigured && !named.contains { isSame($0, entry.address) } }
        for address in named where entries.count < ServerPool.limit {
            if !entries.contains(where: { isSame($0.address, address) }) {
                entries.append(Entry(address: address, isConfigured: false))
            }
        }
        if next >= entries.count { next = 0 }
    }

    /// The server to try now, or how many milliseconds to wait for one.
    mutating func choose(now: Int64) -> (address: ServerAddress?, wait: Int64) {
        for step in 0..<entries.count {
            let index = (next + step) % entries.count
            if entries[index].notBefore <= now {
                next = (index + 1) % entries.count
                return (entries[index].address, 0)
            }
        }
        return (nil, max(1, (entries.map(\.notBefore).min() ?? now + ServerPool.longestWait) - now))
    }

    /// A connection to a server could not be made, or ended. `random` is from 0 up to 1.
    mutating func failed(_ address: ServerAddress, now: Int64, random: Double) {
        guard let index = entries.firstIndex(where: { $0.address == address }) else { return }
        let wait = min(ServerPool.longestWait, ServerPool.firstWait << min(6, entries[index].failures))
        entries[index].failures += 1
        entries[index].notBefore = now + wait / 2 + Int64(Double(wait) * random)
    }

    /// A connection to a server stands.
    mutating func succeeded(_ address: ServerAddress) {
        guard let index = entries.firstIndex(where: { $0.address == address }) else { return }
        entries[index].failures = 0
        entries[index].notBefore = 0
    }
}
