import Testing

@testable import Relay

/// When a batch is handed over, and with how many events in it.
struct BatchPaceTests {
    private var pace = BatchPace(isOneAtATime: true)

    private mutating func gather(_ count: Int) { for _ in 0..<count { pace.gather() } }

    private mutating func handOver(_ count: Int) {
        gather(count)
        pace.handOver()
    }

    @Test mutating func aSingleEventWaitsForNobody() {
        gather(1)
        #expect(!pace.isDue, "the loop looks for more first")
        pace.look(isCalm: true)
        #expect(pace.isDue)
    }

    @Test mutating func nothingIsNeverHandedOver() {
        pace.look(isCalm: true)
        #expect(!pace.isDue)
    }

    @Test mutating func whatWouldWaitBehindABatchIsGathered() {
        handOver(4)
        gather(2)
        pace.look(isCalm: true)
        #expect(!pace.isDue)
        pace.ended(4)
        #expect(pace.isDue)
    }

    @Test mutating func aLogThatTakesManyAtATimeGetsThemWhenTheLoopIsCalm() {
        pace = BatchPace(isOneAtATime: false)
        handOver(4)
        gather(2)
        pace.look(isCalm: true)
        #expect(pace.isDue)
    }

    @Test mutating func ofALogThatTakesManyAtATimeABatchStaysAsLargeAsItIs() {
        pace = BatchPace(isOneAtATime: false)
        for _ in 0..<200 {
            handOver(4)
            pace.look(isCalm: true)
            pace.ended(4)
        }
        gather(63)
        #expect(!pace.isDue)
        gather(1)
        #expect(pace.isDue)
    }

    @Test mutating func noBatchGrowsWithoutLimitBehindAnother() {
        handOver(4)
        gather(BatchPace.limit - 1)
        #expect(!pace.isDue)
        gather(1)
        #expect(pace.isDue)
    }

    /// The sizes that batches come to have, and in how many of the last hundred the loop ran dry. Each of `clients` sends again as soon as it
    /// has its answer; to read or to answer one takes a unit of time, and a batch is with the disk for `disk`.
    private func run(clients: Int, disk: Int) -> (size: Int, dry: Int) {
        var pace = BatchPace(isOneAtATime: true)
        var (ready, gathered, withLog, left) = (clients, 0, 0, 0)
        var (batches, size, dry) = (0, 0, 0)
        var hasRunDry = false
        func pass() {
            guard withLog > 0 else { return }
            left -= 1
        }
        while batches < 1000 {
            if withLog > 0 && left <= 0 {
                pace.ended(withLog)
                (ready, withLog) = (ready + withLog, 0)
                if batches >= 900 && hasRunDry { dry += 1 }
                hasRunDry = false
            }
            if ready > 0 {
                (ready, gathered) = (ready - 1, gathered + 1)
                pace.gather()
            } else {
                pace.look(isCalm: true)
                if withLog > 0 { hasRunDry = true }
            }
            pass()
            if pace.isDue {
                pace.handOver()
                (withLog, gathered, left, size) = (gathered, 0, disk, gathered)
                batches += 1
            }
        }
        return (size, dry)
    }

    @Test(arguments: [64, 128, 400])
    func aBatchLeavesAsManyToBeReadAsTheDiskTakesTimeFor(clients: Int) {
        let (size, dry) = run(clients: clients, disk: 12)
        #expect((clients - 12 - clients / 16...clients - 11 + clients / 64).contains(size), "\(size)")
        #expect(dry < 30)
    }

    @Test func threeQuartersAreInABatchHoweverLongTheDiskTakes() {
        #expect(run(clients: 64, disk: 500).size == 48)
    }

    @Test func ofFewClientsAllAreInOneBatch() {
        #expect(run(clients: 8, disk: 40).size == 8)
    }

    @Test func aBatchOfACrowdHasALimit() {
        #expect(run(clients: 5000, disk: 16).size == BatchPace.limit)
    }
}
