import Delivery
import HTTPServer
import Synchronization

/// How many requests a source takes. `sources.*.rate` in `routes.json`.
public struct RequestRate: Hashable, Sendable {
    /// For the source as a whole: requests whose signature was right.
    public var requests: Rate?
    /// From each address, whatever they are.
    public var perAddress: Rate?
}

/// Counts a source's requests against its rate, over all event loops. May be used from any thread.
final class RateLimiter: Sendable {
    /// Addresses counted at a time. Past it those that have been quiet are forgotten, and if none has, all are.
    static let addressLimit = 10_000

    private struct Counts {
        var source: TokenBucket?
        var addresses: [PeerAddress: TokenBucket] = [:]
    }

    private let rate: RequestRate
    private let counts: Mutex<Counts>

    init(_ rate: RequestRate, now: Int64) {
        self.rate = rate
        counts = Mutex(Counts(source: rate.requests.map { TokenBucket($0, burst: $0.count, now: now) }))
    }

    /// Counts a request by its address; after how many seconds another one would be taken, if this one is too many. `now` is
    /// the steady clock's, in milliseconds.
    func take(from address: PeerAddress, now: Int64) -> Int? {
        guard let rate = rate.perAddress else { return nil }
        let key = RateLimiter.key(address)
        return counts.withLock { counts in
            if counts.addresses[key] == nil && counts.addresses.count >= RateLimiter.addressLimit {
                counts.addresses = counts.addresses.filter { !$0.value.isFull(now: now) }
                if counts.addresses.count >= RateLimiter.addressLimit { counts.addresses = [:] }
            }
            return RateLimiter.take(
                &counts.addresses[key, default: TokenBucket(rate, burst: rate.count, now: now)], now)
        }
    }

    /// Counts a request whose signature was right; after how many seconds another one would be taken, if this one is too many.
    func take(now: Int64) -> Int? {
        counts.withLock { counts in
            guard var bucket = counts.source else { return nil }
            defer { counts.source = bucket }
            return RateLimiter.take(&bucket, now)
        }
    }

    private static func take(_ bucket: inout TokenBucket, _ now: Int64) -> Int? {
        bucket.take(now: now) ? nil : max(1, Int((bucket.nextAt(now: now) - now + 999) / 1000))
    }

    /// Who counts as one: of IPv6 a network of 64 bits, since anybody has as many addresses in it as they like.
    private static func key(_ address: PeerAddress) -> PeerAddress {
        if case .v6(let high, _) = address { .v6(high, 0) } else { address }
    }
}
