import Spool
import Testing

@testable import Cluster

@Suite struct OrdersTests {
    private func slots(_ holders: String?...) -> [Orders.Slot] {
        (holders + Array(repeating: nil, count: Partition.slots - holders.count)).map { Orders.Slot(holder: $0) }
    }

    @Test func aTargetKeepsItsSlotAndANewOneTakesTheFirstThatIsFree() {
        #expect(Orders.places(of: ["crm", "erp"], in: slots()) == ["crm": 0, "erp": 1])
        #expect(Orders.places(of: ["new", "crm"], in: slots("old", "crm")) == ["new": 2, "crm": 1])
    }

    @Test func onlyWhereNoneIsFreeASlotIsTakenFromATargetWithoutOrder() {
        let full = slots("a", "b", "c", "d", "e", "f", "g", "h")
        #expect(Orders.places(of: ["a", "i", "c"], in: full) == ["a": 0, "i": 1, "c": 2])
        let many = (0..<9).map { "t\($0)" }
        #expect(Orders.places(of: many, in: full) == nil)
        #expect(Orders.places(of: Array(many.dropLast()), in: full)?.count == Partition.slots)
    }

    @Test func eventsOfOneKeyShareAPartitionWhicheverTargetItIs() {
        var orders = Orders()
        let (crm, erp, log) = (QueueID(rawValue: 1), QueueID(rawValue: 2), QueueID(rawValue: 3))
        let order = KeptOrder(target: "") { UInt64($0.first ?? 0) }
        orders.keep(crm, slot: 0, by: order)
        orders.keep(erp, slot: 5, by: order)
        let shares = [UInt8(41), 9].withUnsafeBytes { orders.shares(of: [crm, erp, log], body: $0) }
        let number = 41 % Partition.count
        #expect(
            shares == [
                Share(crm, Partition(slot: 0, number: number)), Share(erp, Partition(slot: 5, number: number)),
                Share(log),
            ])
    }
}
