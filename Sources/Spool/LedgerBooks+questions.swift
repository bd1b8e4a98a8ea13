extension LedgerBooks {
    /// How an event's deliveries stand; times are the wall clock's.
    func standings(of number: EventNumber, owed: [QueueID]) -> [DeliveryStanding] {
        asked {
            let later = ledger.queues(of: number.rawValue).filter { !owed.contains($0) }
            return ledger.standings(of: number.rawValue, owed: owed + later).map { standing in
                guard case .later(let notBefore) = standing.state else { return standing }
                var standing = standing
                standing.state = .later(notBefore: around.clock.wall(notBefore))
                return standing
            }
        }
    }

    /// The queues that an event is owed to, or was given up for.
    func queues(of number: EventNumber) -> [QueueID] { asked { ledger.queues(of: number.rawValue) } }

    /// The events of a queue that were given up.
    func failed(_ id: QueueID, after number: EventNumber, limit: Int) -> [EventNumber] {
        asked { ledger.failed(id, after: number.rawValue, limit: limit) }
    }

    /// What a queue is owed, of the events behind one number and up to another.
    func owed(_ id: QueueID, after number: UInt64, through last: UInt64, limit: Int) -> [GivenUpDelivery] {
        asked { ledger.owed(id, after: number, through: last, limit: limit) }
    }

    /// The segments to which nothing is appended any more, by their first numbers, in order.
    func sealedSegments() -> [UInt64] { asked { ledger.segments.filter(\.isSealed).map(\.first) } }

    /// The segment that an event was in, whether it has a record there or not.
    func segment(around number: EventNumber) -> UInt64? {
        asked { ledger.segments.last { $0.first <= number.rawValue && number.rawValue < $0.end }?.first }
    }

    /// Events with a record.
    func eventCount() -> Int { asked { ledger.segments.reduce(0) { $0 + $1.live } } }

    /// Every queue with what it holds, and where its oldest event stands.
    func queues() -> [(queue: SpoolStatus.Queue, oldest: Position?)] {
        asked {
            ledger.queues.map { id, queue in
                (
                    SpoolStatus.Queue(
                        id: id, name: queue.name, waiting: queue.waiting, failed: queue.failed, oldestReceivedAt: nil),
                    ledger.oldest(id)
                )
            }
        }
    }
}
