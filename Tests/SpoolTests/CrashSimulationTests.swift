import Testing

import class Foundation.ProcessInfo

@testable import Spool

/// Random commits, outcomes, faults and crashes by a seed, held against what a sender and a target may rely on.
///
/// A failing run prints its seed: `CrashSimulation(seed: N, faults: …).run()` repeats it. `SPOOL_SEEDS` sets how many
/// seeds each test takes: `Tests/run` sets it so that they are 10,000 in sum, `Tests/run long` a million.
struct CrashSimulationTests {
    private static let seeds = ProcessInfo.processInfo.environment["SPOOL_SEEDS"].flatMap(UInt64.init) ?? 800

    /// Runs a quarter of a test's seeds, and lets other tests have their turn after each.
    private func check(_ quarter: UInt64, of seeds: UInt64, faults: Bool, flippingABit: Bool = false) async {
        for seed in quarter * seeds / 4..<(quarter + 1) * seeds / 4 {
            var simulation = CrashSimulation(seed: seed, faults: faults)
            simulation.run(flippingABit: flippingABit)
            let report = "seed \(seed), faults: \(faults): \(simulation.failures.joined(separator: "; "))"
            #expect(simulation.failures.isEmpty, Comment(rawValue: report))
            if !simulation.failures.isEmpty { return }
            await Task.yield()
        }
    }

    @Test(arguments: [0, 1, 2, 3])
    func powerCutsLoseNothingThatWasAcknowledged(quarter: UInt64) async {
        await check(quarter, of: CrashSimulationTests.seeds, faults: false)
    }

    @Test(arguments: [0, 1, 2, 3])
    func powerCutsAndDiskFaultsLoseNothingThatWasAcknowledged(quarter: UInt64) async {
        await check(quarter, of: CrashSimulationTests.seeds, faults: true)
    }

    @Test(arguments: [0, 1, 2, 3])
    func aFlippedBitCostsNoMoreThanTheRecordItHit(quarter: UInt64) async {
        await check(quarter, of: CrashSimulationTests.seeds / 2, faults: false, flippingABit: true)
    }
}

/// One run. The model knows of each event what its sender was told, and of each delivery what its target was told.
struct CrashSimulation {
    /// What a delivery must be at.
    private enum Standing: Equatable {
        case owed
        /// Settled, and known to be durable.
        case settled
        /// Settled or reopened, but a crash may forget it.
        case unsure
    }

    private struct Event {
        var body: String
        var deliveries: [QueueID: Standing]
        var key: UInt64?
    }

    private let faults: Bool
    private var random: SeededRandom
    /// The step that the spool leaves out.
    private let omission: Omission?
    private var disk: SimulatedDisk
    private var spool: SimulatedSpool?
    private var queues: [String: QueueID] = [:]
    private var names: [String]
    private var events: [UInt64: Event] = [:]
    /// Events of which their sender heard nothing, because the power went: they may be there or not.
    private var unanswered: [String: NewEvent] = [:]
    private var refused: Set<String> = []
    /// Events that retention removed; a power cut may bring some back, settled as they were.
    private var removed: [UInt64: Event] = [:]
    /// Keys of events that were acknowledged: none is taken twice.
    private var keys: [UInt64: UInt64] = [:]
    private var highest: UInt64 = 0
    private var nextBody = 0
    private var now: Int64 = 1
    private(set) var failures: [String] = []

    init(seed: UInt64, faults: Bool, without omission: Omission? = nil) {
        self.faults = faults
        self.omission = omission
        random = SeededRandom(seed: seed)
        disk = SimulatedDisk(seed: seed ^ 0xD15C)
        names = ["crm", "erp", "mail"]
    }

    mutating func run(flippingABit: Bool = false) {
        restart()
        for _ in 0..<(2 + random.below(4)) where failures.isEmpty {
            // Some runs die within a call, the others between two.
            if random.onceIn(2) { disk.die(afterCalls: random.below(150)) }
            if faults { disk.failWritesAndSyncs(onceIn: 4 + random.below(30)) }
            for _ in 0..<random.below(40) where !disk.hasDied && failures.isEmpty { step() }
            crash()
        }
        if flippingABit, failures.isEmpty { flipABit() }
    }

    private mutating func step() {
        now += Int64(random.below(20))
        switch random.below(12) {
        case 0..<4: commit()
        case 4..<9: deliver()
        case 9: flush()
        case 10:
            switch random.below(4) {
            case 0, 1: retain()
            case 2: compact()
            default: checkpoint()
            }
        default:
            switch random.below(5) {
            case 0: register()
            case 1: intrude()
            default: reopen()
            }
        }
    }

    private mutating func commit() {
        let batch = (0...random.below(5)).map { _ in newEvent() }
        guard let outcome = spool?.commit(batch) else { return }
        if disk.hasDied {
            for event in batch { unanswered[String(decoding: event.body.prefix(8), as: UTF8.self)] = event }
            return
        }
        guard let fates = outcome.fates else {
            for event in batch { refused.insert(String(decoding: event.body.prefix(8), as: UTF8.self)) }
            // The one case that only a later start decides: neither the old segment nor a new one could be written.
            if outcome.refusal?.reason.contains("could not be begun") == true {
                for event in batch { unanswered[String(decoding: event.body.prefix(8), as: UTF8.self)] = event }
                refused.subtract(unanswered.keys)
            }
            return
        }
        for (event, fate) in zip(batch, fates) {
            switch fate {
            case .accepted(let number):
                if number.rawValue <= highest { fail("number \(number) was given twice") }
                highest = max(highest, number.rawValue)
                if let key = event.dedupe?.hash.x, let earlier = keys[key] {
                    fail("\(number) has the key of \(earlier), and was taken as new")
                }
                accept(event, number.rawValue)
            case .duplicate(let number):
                let earlier = events[number.rawValue] ?? removed[number.rawValue]
                if earlier?.key != event.dedupe?.hash.x {
                    fail("\(number) is called the first of a key that it has not")
                }
            case .refused: fail("one event of a batch was refused, and the others were not")
            }
        }
    }

    private mutating func newEvent() -> NewEvent {
        nextBody += 1
        var name = String(nextBody)
        while name.count < 8 { name = "." + name }
        var event = NewEvent(name)
        event.body += [UInt8](repeating: 0x78, count: random.below(random.onceIn(5) ? 4000 : 300))
        event.owed = queues.values.sorted().filter { _ in random.onceIn(2) }
        event.receivedAt = now
        if random.onceIn(3) { event.dedupe = DedupeKey(hash: SIMD2(random.next() % 40, 1), until: .max) }
        return event
    }

    private mutating func accept(_ event: NewEvent, _ number: UInt64) {
        if let key = event.dedupe?.hash.x { keys[key] = number }
        events[number] = Event(
            body: String(decoding: event.body, as: UTF8.self),
            deliveries: Dictionary(uniqueKeysWithValues: event.owed.map { ($0, .owed) }), key: event.dedupe?.hash.x)
    }

    /// Some deliveries go out, and some come back.
    private mutating func deliver() {
        guard let queue = queues.values.sorted().randomElement(using: &random) else { return }
        for delivery in spool?.take(queue, count: 1 + random.below(6), now: now) ?? [] {
            verify(delivery, queue)
            let id = DeliveryID(event: delivery.event, queue: queue)
            var progress = delivery.progress
            progress.attempts += 1
            switch random.below(8) {
            case 0..<4:
                settle(id, .done, progress)
                events[id.event.rawValue]?.deliveries[queue] = .unsure
            case 4:
                settle(id, .failed, progress)
                events[id.event.rawValue]?.deliveries[queue] = .unsure
            case 5: settle(id, .later(notBefore: now + Int64(random.below(40))), progress)
            case 6: settle(id, .untried, delivery.progress)
            default: break
            }
        }
    }

    private mutating func settle(_ id: DeliveryID, _ result: Outcome.Result, _ progress: Progress) {
        spool?.settle(Outcome(id, result, progress: progress))
    }

    /// What is handed out must be an accepted event, whole, that is owed.
    private mutating func verify(_ delivery: OwedDelivery, _ queue: QueueID) {
        let stored: StoredEvent
        do throws(SpoolError) { stored = try spool!.read(delivery.position) } catch {
            if !disk.hasDied { fail("\(delivery.event) can't be read: \(error)") }
            return
        }
        let body = String(decoding: stored.body, as: UTF8.self)
        let name = String(body.prefix(8))
        if stored.number != delivery.event { fail("\(delivery.event) is stored as \(stored.number)") }
        if refused.contains(name) { return fail("refused event \(name) was handed out as \(delivery.event)") }
        guard let event = events[delivery.event.rawValue] else {
            return fail("\(delivery.event) with \(name) was handed out and is nobody's")
        }
        if event.body != body { fail("\(delivery.event) was handed out with another body") }
        switch event.deliveries[queue] {
        case nil: fail("\(delivery.event) was never owed to \(queue.rawValue)")
        case .settled: fail("\(delivery.event) was settled with \(queue.rawValue) and is handed out again")
        case .owed, .unsure: break
        }
    }

    private mutating func flush() {
        if spool?.flush() == true, !disk.hasDied { settleForGood() }
    }

    private mutating func checkpoint() {
        if spool?.checkpoint() == true, !disk.hasDied { settleForGood() }
    }

    /// What was unsure is now durable as the ledger has it.
    private mutating func settleForGood() {
        guard let ledger = spool?.ledger else { return }
        for (number, event) in events {
            for (queue, standing) in event.deliveries where standing == .unsure {
                let state = ledger.standings(of: number, owed: [queue]).first?.state
                events[number]?.deliveries[queue] = state == .done || state == .failed ? .settled : .owed
            }
        }
    }

    private mutating func retain() {
        if random.onceIn(3) { spool?.end() }
        for range in spool?.retain(isShort: random.onceIn(4)) ?? [] {
            for number in range {
                if events[number]?.deliveries.values.contains(.owed) == true {
                    fail("\(number) is owed and was removed")
                }
                forget(number)
            }
        }
    }

    private mutating func compact() {
        for number in spool?.compact() ?? [] {
            if events[number]?.deliveries.values.contains(.owed) == true {
                fail("\(number) is owed and was left out")
            }
            forget(number)
        }
    }

    /// An event is gone. What was noted of it was durable before: if it comes back, it is owed to nobody.
    private mutating func forget(_ number: UInt64) {
        guard var event = events.removeValue(forKey: number) else { return }
        event.deliveries = event.deliveries.mapValues { _ in .settled }
        removed[number] = event
    }

    /// Another daemon is started on the same spool. It is refused; if not, it takes events.
    private mutating func intrude() {
        let mine = spool
        do throws(SpoolError) { spool = try SimulatedSpool(disk, without: omission) } catch { return }
        commit()
        spool = mine
    }

    private mutating func register() {
        let name = "target \(names.count)"
        do throws(SpoolError) {
            let queue = try spool!.queue(named: name)
            if queues.values.contains(queue) { fail("queue \(queue.rawValue) was given twice") }
            names.append(name)
            queues[name] = queue
            spool?.attach(queue, order: .whenDue)
        } catch {}
    }

    private mutating func reopen() {
        let settled = events.filter { $0.value.deliveries.values.contains(.settled) }.keys.sorted()
        guard let number = settled.randomElement(using: &random), let event = events[number],
            let queue = event.deliveries.filter({ $0.value == .settled }).keys.min()
        else { return }
        let id = DeliveryID(event: EventNumber(rawValue: number), queue: queue)
        let result = spool?.reopen(id)
        if result != .reopened { fail("\(number) was reopened with \(String(describing: result))") }
        events[number]?.deliveries[queue] = .unsure
        if spool?.flush() == true, !disk.hasDied { settleForGood() }
    }

    private mutating func crash() {
        spool = nil
        if !disk.hasDied, random.onceIn(3) {
            // Only the process is killed: what it wrote is there, synced or not, and the power may go at the next start.
            disk.heal()
        } else {
            disk = disk.crash(random.onceIn(4) ? .everything : .seeded)
        }
        restart()
        if failures.isEmpty { drain() }
    }

    private mutating func restart() {
        // A start that is itself cut short, once or twice.
        for _ in 0..<random.below(3) {
            disk.die(afterCalls: random.below(40))
            spool = try? SimulatedSpool(disk, without: omission)
            disk = disk.crash()
        }
        // A start may fail on a failing disk; it may not succeed and miss something.
        if faults, random.onceIn(3) {
            disk.fail(.init(call: [.read, .open, .list, .size][random.below(4)], after: random.below(6)))
            spool = try? SimulatedSpool(disk, without: omission)
            disk.heal()
            spool = nil
        }
        do throws(SpoolError) { spool = try SimulatedSpool(disk, without: omission) } catch {
            return fail("it does not start: \(error)")
        }
        // A write of several records that a power cut tore has whole ones behind what is missing: that alone may be called damage.
        for damage in spool?.damages ?? [] {
            if case .segment = damage.file, damage.numbers == nil { continue }
            fail("\(damage) is called damage")
        }
        for name in names {
            do throws(SpoolError) {
                let queue = try spool!.queue(named: name)
                if let before = queues[name], before != queue { fail("\(name) has another number than before") }
                queues[name] = queue
            } catch { return fail("\(name) can't be registered: \(error)") }
        }
        for (name, queue) in queues { spool?.attach(queue, order: name == "erp" ? .byNumber : .whenDue) }
        adopt()
    }

    /// Events whose sender heard nothing and that are there are accepted from now on; the others never were.
    private mutating func adopt() {
        guard let spool else { return }
        for segment in spool.ledger.segments {
            for number in segment.first..<segment.end where events[number] == nil {
                guard let position = spool.ledger.position(of: number), let stored = try? spool.read(position) else {
                    continue
                }
                if let event = removed.removeValue(forKey: number) {
                    events[number] = event
                    continue
                }
                let name = String(decoding: stored.body.prefix(8), as: UTF8.self)
                guard let event = unanswered[name] else {
                    fail("\(number) with \(name) came back, refused or unknown")
                    continue
                }
                accept(event, number)
                if number <= highest { fail("\(number) was given before") }
            }
        }
        highest = max(highest, spool.ledger.segments.last.map { $0.end - 1 } ?? 0)
        refused.formUnion(unanswered.keys)
        for event in [events.values, removed.values].joined() { refused.remove(String(event.body.prefix(8))) }
        unanswered = [:]
    }

    /// Everything owed is handed out, by number where the queue keeps order, and nothing else.
    private mutating func drain() {
        for (name, queue) in queues.sorted(by: { $0.key < $1.key }) {
            let deliveries = spool?.take(queue, count: .max / 2, now: .max) ?? []
            var numbers = Set<UInt64>()
            for delivery in deliveries {
                verify(delivery, queue)
                if !numbers.insert(delivery.event.rawValue).inserted { fail("\(delivery.event) was handed out twice") }
            }
            if name == "erp", deliveries.map(\.event) != deliveries.map(\.event).sorted() {
                fail("erp is out of order")
            }
            for (number, event) in events where event.deliveries[queue] == .owed && !numbers.contains(number) {
                fail("\(number) was acknowledged, is owed to \(name), and is not handed out")
            }
            // A crash decided what was unsure.
            for (number, event) in events where event.deliveries[queue] == .unsure {
                events[number]?.deliveries[queue] = numbers.contains(number) ? .owed : .settled
            }
            spool?.attach(queue, order: name == "erp" ? .byNumber : .whenDue)
        }
    }

    /// One bit somewhere in the segments changes: at most one event is lost, and it is the one that was hit.
    private mutating func flipABit() {
        guard let before = spool?.ledger else { return }
        disk = disk.crash(.everything)
        guard let path = disk.paths(".segment").randomElement(using: &random), let size = disk.contents(path)?.count,
            size > 0
        else { return }
        let byte = random.below(size)
        disk.flipBit(path, byte: byte, bit: random.below(8))
        let after: SimulatedSpool
        do throws(SpoolError) { after = try SimulatedSpool(disk, without: omission) } catch {
            return fail("a flipped bit stops the start: \(error)")
        }
        for number in events.keys.sorted() where !after.holds(number) {
            guard let position = before.position(of: number) else { continue }
            let isHit =
                path.hasSuffix(SegmentWriter.name(position.segment)) && byte >= Int(position.offset)
                && byte < Int(position.offset) + Record.headerBytes + 64 + (events[number]?.body.utf8.count ?? 0)
            if !isHit { fail("byte \(byte) of \(path) cost event \(number), which is elsewhere") }
        }
    }

    private mutating func fail(_ reason: String) { failures.append(reason) }
}
