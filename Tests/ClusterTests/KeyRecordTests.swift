import Spool
import Testing

@testable import Cluster

@Suite struct KeyRecordTests {
    private let window: Int64 = 60_000

    private func key(until: Int64, isExact: Bool = true) -> DedupeKey {
        DedupeKey(hash: SIMD2(7, 9), until: until, isExact: isExact)
    }

    @Test func theBucketIsAskedWhereTheStreamsWindowIsTooShortOrTooLong() {
        let now: Int64 = 1_000_000
        #expect(!key(until: now + window).needsBucket(window: window, now: now))
        #expect(key(until: now + window + 5_000).needsBucket(window: window, now: now))
        #expect(key(until: now + 10_000).needsBucket(window: window, now: now))
        // A signature that is too old is refused anyway.
        #expect(!key(until: now + 10_000, isExact: false).needsBucket(window: window, now: now))
        #expect(key(until: now + window + 5_000, isExact: false).needsBucket(window: window, now: now))
    }

    @Test func aKeyThatCountsMakesARepetitionAndOneThatDoesNotANewId() {
        let record = KeyRecord(event: EventNumber(rawValue: 42), until: 100)
        #expect(key(until: 500).judge(nil, now: 0) == .new(id: "7-9"))
        #expect(key(until: 500).judge(record, now: 99) == .repetition(of: record.event))
        #expect(key(until: 500).judge(record, now: 100) == .new(id: "7-9-42"))
    }

    @Test func recordsAndWordsAreReadAsTheyWereWritten() {
        let record = KeyRecord(event: EventNumber(rawValue: 1 << 40), until: -5)
        #expect(KeyRecord(record.bytes) == record)
        #expect(KeyRecord(Array(record.bytes.dropLast())) == nil)
        for (isPaused, configured) in [(true, false), (false, true)] {
            let word = QueueWord(isPaused: isPaused, overConfigured: configured)
            #expect(QueueWord(json: word.json) == word)
        }
        #expect(QueueWord(json: Array("{\"paused\":1}".utf8)) == nil)
    }

    @Test func theStreamsWindowIsTheLongestTimeUpToItsLimit() {
        func window(_ dedupe: [Duration], _ signatures: Duration = .zero) -> Duration {
            var settings = ClusterSettings(client: .init(servers: [], name: ""), path: "")
            settings.dedupe = dedupe
            settings.signatures = signatures
            return settings.window
        }
        #expect(window([]) == .seconds(120))
        #expect(window([.seconds(1)]) == ClusterSettings.windowMinimum)
        #expect(window([.seconds(60), .seconds(300)]) == .seconds(300))
        #expect(window([.seconds(60)], .seconds(601)) == .seconds(601))
        #expect(window([.seconds(86_400)]) == ClusterSettings.windowLimit)
    }
}
