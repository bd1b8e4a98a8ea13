import Dispatch

/// Handing out: deliveries go to the receivers that have credit, when they come, when they are asked for, and when they are due.
extension LedgerBooks {
    /// Hands out what was heard of, soon.
    func handOutSoon() {
        let isFirst = heard.withLock { heard in
            guard heard.isPressing, !heard.isTakenInSoon else { return false }
            heard.isTakenInSoon = true
            return true
        }
        guard isFirst else { return }
        queue.async { [self] in
            heard.withLock { $0.isTakenInSoon = false }
            takeIn()
            handOutNew()
        }
    }

    /// Hands out what was heard of on the caller's thread, which saves another one's waking.
    func handOutHere() {
        if heard.withLock({ $0.isPressing }) { asked { handOutNew() } }
    }

    func attach(_ id: QueueID, order: DeliveryOrder, to receiver: any DeliveryReceiver) {
        queue.async { [self] in
            takeIn()
            receivers[id] = receiver
            ledger.attach(id, order: order)
        }
    }

    func detach(_ id: QueueID) {
        queue.async { [self] in
            takeIn()
            receivers[id] = nil
            ledger.detach(id)
            noteWhetherAwaited()
        }
    }

    func request(_ id: QueueID, count: Int) {
        queue.async { [self] in
            ledger.addCredit(id, count)
            // First of all: a commit that does not see it yet is taken in here.
            noteWhetherAwaited()
            takeIn()
            if let receiver = receivers[id] { handOut(id, to: receiver) }
            noteWhetherAwaited()
            scheduleDue()
        }
    }

    /// Hands out what has come since this was done last. All else that a receiver may have is handed out when it asks, or when it is due.
    private func handOutNew() {
        for number in refilled.members {
            let id = QueueID(rawValue: UInt16(number))
            if let receiver = receivers[id] { handOut(id, to: receiver) }
        }
        refilled = Bitmap()
        noteWhetherAwaited()
    }

    func handOutAll() {
        for (id, receiver) in receivers { handOut(id, to: receiver) }
        noteWhetherAwaited()
        scheduleDue()
    }

    private func noteWhetherAwaited() {
        let isAwaited = receivers.contains { ledger.hasCredit($0.key) }
        heard.withLock { $0.isAwaited = isAwaited }
    }

    private func handOut(_ id: QueueID, to receiver: any DeliveryReceiver) {
        let now = around.clock.now
        var deliveries = ledger.take(id, now: now)
        for index in deliveries.indices where deliveries[index].notBefore > 0 {
            // What is due stays so, though the wall clock be set before its receiver looks at it.
            let time = deliveries[index].notBefore
            deliveries[index].notBefore = time <= now ? 0 : around.clock.wall(time)
        }
        if !deliveries.isEmpty { receiver.receive(deliveries) }
    }

    func scheduleDue() {
        let due = ledger.nextDue()
        // To set a timer wakes another thread: most calls have nothing new to say.
        guard due != scheduledDue else { return }
        scheduledDue = due
        guard let due else { return dueTimer.schedule(deadline: .distantFuture) }
        let wait = min(max(due - around.clock.now, 1), 60_000)
        dueTimer.schedule(deadline: .now() + .milliseconds(Int(wait)), leeway: .milliseconds(1))
    }
}
