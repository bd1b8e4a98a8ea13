import Spool
import Testing

@testable import Delivery

struct LanesTests {
    private func entry(_ event: EventNumber, lane: UInt64? = nil, notBefore: Int64 = 0) -> Lanes.Entry {
        Lanes.Entry(delivery: .of(event, notBefore: notBefore), lane: lane)
    }

    /// All that is ready, started.
    private func startAll(_ lanes: inout Lanes) -> [EventNumber] {
        var events: [EventNumber] = []
        while let entry = lanes.next() { events.append(entry.delivery.event) }
        return events
    }

    @Test func withoutAnOrderAllAreReadyAsTheyCame() {
        var lanes = Lanes()
        for event: EventNumber in [3, 1, 2] { lanes.add(entry(event), now: .at(0)) }
        #expect(startAll(&lanes) == [3, 1, 2])
        #expect(lanes.count == 3)
    }

    @Test func aDeliveryInHandIsNotTakenTwice() {
        var lanes = Lanes()
        lanes.add(entry(1), now: .at(0))
        lanes.add(entry(1), now: .at(0))
        #expect(startAll(&lanes) == [1])
        lanes.add(entry(1), now: .at(0))
        #expect(startAll(&lanes) == [])
        lanes.finish(entry(1), now: .at(0))
        lanes.add(entry(1), now: .at(0))
        #expect(startAll(&lanes) == [1])
    }

    @Test func thoseWithTheSameKeyGoOneAfterAnother() {
        var lanes = Lanes()
        for event: EventNumber in [1, 2, 3] { lanes.add(entry(event, lane: 7), now: .at(0)) }
        lanes.add(entry(4, lane: 8), now: .at(0))
        #expect(startAll(&lanes) == [1, 4])
        lanes.finish(entry(1, lane: 7), now: .at(0))
        #expect(startAll(&lanes) == [2])
        lanes.finish(entry(2, lane: 7), now: .at(0))
        #expect(startAll(&lanes) == [3])
        lanes.finish(entry(3, lane: 7), now: .at(0))
        lanes.finish(entry(4, lane: 8), now: .at(0))
        #expect(lanes.count == 0)
    }

    @Test func aReopenedDeliveryStandsWhereItsNumberSays() {
        var lanes = Lanes()
        for event: EventNumber in [5, 6, 9, 7] { lanes.add(entry(event, lane: 7), now: .at(0)) }
        var order: [EventNumber] = []
        while let next = lanes.next() {
            order.append(next.delivery.event)
            lanes.finish(next, now: .at(0))
        }
        #expect(order == [5, 6, 7, 9])
    }

    @Test func aRetryHoldsItsLaneAndNoOther() {
        var lanes = Lanes()
        for event: EventNumber in [1, 2] { lanes.add(entry(event, lane: 7), now: .at(0)) }
        lanes.add(entry(3, lane: 8), now: .at(0))
        #expect(startAll(&lanes) == [1, 3])
        lanes.wait(entry(1, lane: 7, notBefore: 1000), now: .at(0))
        #expect(!lanes.hasReady)
        #expect(lanes.nextDue == 1000)
        lanes.tick(now: .at(999))
        #expect(!lanes.hasReady)
        lanes.tick(now: .at(1000))
        #expect(startAll(&lanes) == [1])
    }

    @Test func thoseThatWaitComeInTheOrderOfTheirTime() {
        var lanes = Lanes()
        for (event, due) in [(1, 300), (2, 100), (3, 200), (4, 100)] as [(EventNumber, Int64)] {
            lanes.add(entry(event, notBefore: due), now: .at(0))
        }
        #expect(lanes.nextDue == 100)
        lanes.tick(now: .at(250))
        #expect(Set(startAll(&lanes)) == [2, 4, 3])
        #expect(lanes.nextDue == 300)
    }

    @Test func timeIsCountedByTheSteadyClockOnceADeliveryWaits() {
        var lanes = Lanes()
        lanes.add(entry(1, notBefore: 5000), now: Moment(wall: 4000, steady: 50))
        #expect(lanes.nextDue == 1050)
        // The wall's clock is set back by an hour.
        lanes.tick(now: Moment(wall: 4000 - 3_600_000, steady: 1050))
        #expect(lanes.hasReady)
    }

    @Test func oneThatWaitsCanBeHurried() {
        var lanes = Lanes()
        lanes.add(entry(1, notBefore: 5000), now: .at(0))
        let unknown = lanes.hurry(2)
        let known = lanes.hurry(1)
        #expect(!unknown)
        #expect(known)
        #expect(startAll(&lanes) == [1])
    }

    @Test func drainingGivesUpAllThatIsNotUnderWay() {
        var lanes = Lanes()
        for event: EventNumber in [1, 2, 3] { lanes.add(entry(event, lane: 7), now: .at(0)) }
        lanes.add(entry(4, notBefore: 9000), now: .at(0))
        lanes.add(entry(5), now: .at(0))
        let started = lanes.next()
        #expect(started?.delivery.event == 1)
        let given = lanes.drain()
        #expect(Set(given.map(\.delivery.event)) == [2, 3, 4, 5])
        #expect(lanes.count == 1)
        lanes.finish(entry(1, lane: 7), now: .at(0))
        #expect(lanes.count == 0)
        let rest = lanes.drain()
        #expect(rest.isEmpty)
    }

    @Test func aLongQueueIsWorkedThroughInOrder() {
        var lanes = Lanes()
        var next: UInt64 = 1
        var order: [UInt64] = []
        while order.count < 5000 {
            for _ in 0..<7 {
                lanes.add(entry(EventNumber(rawValue: next)), now: .at(0))
                next += 1
            }
            for _ in 0..<5 {
                guard let entry = lanes.next() else { break }
                order.append(entry.delivery.event.rawValue)
                lanes.finish(entry, now: .at(0))
            }
        }
        #expect(order == Array(1...UInt64(order.count)))
    }
}
