import Foundation
import Spool
import Synchronization

/// The spool without the door: appending durably in groups against the bare disk and SQLite, reading a backlog, and a
/// start with ten million events waiting.
enum SpoolBench {
    private static let groups = [1, 8, 64, 256]
    private static let bodyBytes = 1500
    private static let turn = Duration.milliseconds(100)
    /// Events of the start that is measured, and the bytes of each one's body.
    private static let waitingEvents = 10_000_000
    private static let waitingBodyBytes = 64
    private static let settledAtOnce = 10_000
    /// Events of the backlog that is read.
    private static let backlogEvents = 200_000

    static func run(_ options: BenchmarkTool.Options) throws -> Report {
        let directory = try Workplace.make()
        defer { try? FileManager.default.removeItem(at: directory) }
        let library = try SQLite.Library()
        // First of all, so that nothing else is resident.
        let starts = try start(in: directory.path + "/waiting")
        var figures: [(String, Double)] = []
        var comparisons: [(String, Double)] = []
        for group in groups {
            let rates = try append(group, options, library, in: directory.path + "/\(group)")
            figures.append(("records_per_second_group_\(group)", rates.spool))
            figures.append(("ratio_to_bare_disk_group_\(group)", rates.ratio))
            comparisons.append(("bare_disk_records_per_second_group_\(group)", rates.bare))
            comparisons.append(("sqlite_records_per_second_group_\(group)", rates.sqlite))
        }
        figures += try read(in: directory.path + "/backlog")
        figures += starts
        return Report(
            title: "records of \(bodyBytes) bytes, durable in groups; a start with \(waitingEvents) events waiting",
            figures: figures + comparisons)
    }

    private static func open(_ path: String, _ change: (inout SpoolSettings) -> Void = { _ in }) throws -> Spool {
        var settings = SpoolSettings(path: path)
        change(&settings)
        return try Spool(settings, notice: { FileHandle.standardError.write(Data("\($0)\n".utf8)) })
    }

    /// Commits one batch; answers whether it was taken.
    private static func commit(_ batch: CommitBatch, to spool: Spool) -> Bool {
        let taken = Mutex(false)
        spool.commit(batch) { outcome in
            if case .committed = outcome { taken.withLock { $0 = true } }
        }
        return taken.withLock { $0 }
    }

    /// Appends in groups to the spool, the bare disk and SQLite, by turns of a tenth of a second, so that all three meet the
    /// same disk; answers records a second, and the median of the turns' ratios.
    private static func append(
        _ group: Int, _ options: BenchmarkTool.Options, _ library: SQLite.Library, in path: String
    )
        throws -> (spool: Double, bare: Double, sqlite: Double, ratio: Double)
    {
        let spool = try open(path)
        defer { spool.close() }
        let queue = try spool.queue(named: "target")
        // One array for all events, as those of one routing decision have.
        let owed = [queue]
        let body = Blob(bodyBytes)
        let attributes = [UInt8](repeating: 0x61, count: 64)
        let bare = BareDisk(path + ".bare", group: group, bodyBytes: bodyBytes)
        let sqlite = try SQLite(library, path + ".sqlite")
        var rates = (spool: [Double](), bare: [Double](), sqlite: [Double]())
        for _ in 0..<(options.rounds * options.seconds) {
            rates.spool.append(
                try rate(group) {
                    var batch = CommitBatch()
                    for _ in 0..<group {
                        batch.append(receivedAt: 1, owed: owed, attributes: attributes, body: body.bytes)
                    }
                    guard commit(batch, to: spool) else { throw BenchmarkFault("the spool took no more") }
                })
            rates.bare.append(try rate(group) { try bare.append() })
            rates.sqlite.append(try rate(group) { try sqlite.append(group, body) })
        }
        return (
            median(rates.spool), median(rates.bare), median(rates.sqlite),
            median(zip(rates.spool, rates.bare).map { $0 / $1 })
        )
    }

    /// How many records a second `write` makes, `group` of them at a time, over one turn.
    private static func rate(_ group: Int, _ write: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        var count = 0
        while ContinuousClock.now - start < turn {
            try write()
            count += group
        }
        return Double(count) / ((ContinuousClock.now - start) / .seconds(1))
    }

    /// Fills a spool without waiting for the disk.
    private static func fill(_ path: String, _ events: Int, bodyBytes: Int) throws {
        let spool = try open(path) { $0.sync = .never }
        let queue = try spool.queue(named: "target")
        let body = Blob(bodyBytes)
        for start in stride(from: 0, to: events, by: 1000) {
            var batch = CommitBatch()
            for _ in start..<min(events, start + 1000) {
                batch.append(receivedAt: 1, owed: [queue], attributes: [], body: body.bytes)
            }
            guard commit(batch, to: spool) else { throw BenchmarkFault("the spool took no more") }
        }
        spool.close()
    }

    /// Reads a backlog as a target does, from the page cache, every checksum checked.
    private static func read(in path: String) throws -> [(String, Double)] {
        try fill(path, backlogEvents, bodyBytes: bodyBytes)
        let spool = try open(path)
        defer {
            spool.close()
            try? FileManager.default.removeItem(atPath: path)
        }
        let receiver = Receiver()
        let queue = try spool.queue(named: "target")
        spool.attach(queue, order: .byNumber, to: receiver)
        spool.request(queue, count: backlogEvents)
        let positions = receiver.wait(for: backlogEvents)
        var best = 0.0
        for _ in 0..<3 {
            let start = ContinuousClock.now
            var bytes = 0
            for position in positions { bytes += try spool.read(position).body.count }
            best = max(best, Double(bytes) / ((ContinuousClock.now - start) / .seconds(1)) / 1e9)
        }
        let start = ContinuousClock.now
        var walked = 0
        try SpoolInspection(path: path).run { walked += $0.bytes }
        let walk = Double(walked) / ((ContinuousClock.now - start) / .seconds(1)) / 1e9
        return [("read_gigabytes_per_second", best), ("verify_gigabytes_per_second", walk)]
    }

    /// Starts with ten million events waiting for one target: none tried yet, and then each for a time of its own.
    private static func start(in path: String) throws -> [(String, Double)] {
        try fill(path, waitingEvents, bodyBytes: waitingBodyBytes)
        let fresh = try open(path, named: "recovery") { spool in
            let receiver = Receiver()
            let queue = try spool.queue(named: "target")
            spool.attach(queue, order: .whenDue, to: receiver)
            let now = Int64(Date().timeIntervalSince1970 * 1000)
            let then = now + 3_600_000
            for place in 0..<(waitingEvents / settledAtOnce) {
                spool.request(queue, count: settledAtOnce)
                let events = receiver.take(settledAtOnce)
                spool.settle(
                    events.enumerated().map { index, event in
                        Outcome(
                            DeliveryID(event: event, queue: queue),
                            .later(notBefore: then + Int64(place * settledAtOnce + index)),
                            progress: Progress(attempts: 1, attemptsBefore: 0, since: then))
                    }, told: now)
            }
        }
        let retried = try open(path, named: "recovery_of_retries") { _ in }
        try? FileManager.default.removeItem(atPath: path)
        return fresh + retried
    }

    /// Opens a spool with ten million events waiting: how long it takes, and what the process has resident when `work` is done.
    private static func open(_ path: String, named name: String, _ work: (Spool) throws -> Void) throws
        -> [(String, Double)]
    {
        let start = ContinuousClock.now
        let spool = try open(path)
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        let atStart = residentMegabytes
        try work(spool)
        guard spool.status().queues.first?.waiting == waitingEvents else {
            throw BenchmarkFault("not all of \(waitingEvents) events are waiting")
        }
        let atEnd = residentMegabytes
        spool.close()
        return [
            ("\(name)_seconds", seconds), ("\(name)_resident_megabytes", atStart),
            ("\(name)_resident_megabytes_later", atEnd),
        ]
    }

    private static var residentMegabytes: Double {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
        return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1e6
    }
}

/// Bytes that stay where they are.
final class Blob {
    let bytes: UnsafeRawBufferPointer

    init(_ count: Int) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: count, alignment: 8)
        for index in 0..<count { buffer[index] = UInt8(truncatingIfNeeded: index * 31) }
        bytes = UnsafeRawBufferPointer(buffer)
    }

    deinit { bytes.deallocate() }
}

/// Keeps what it is handed. From any thread.
private final class Receiver: DeliveryReceiver {
    private let positions = Mutex<[Position]>([])
    private let bell = DispatchSemaphore(value: 0)

    func receive(_ deliveries: [OwedDelivery]) {
        positions.withLock { $0 += deliveries.map(\.position) }
        bell.signal()
    }

    func wait(for count: Int) -> [Position] {
        while positions.withLock({ $0.count }) < count { bell.wait() }
        return positions.withLock { $0 }
    }

    /// The next events, which are forgotten here.
    func take(_ count: Int) -> [EventNumber] {
        let numbers = wait(for: count).map { EventNumber(rawValue: $0.event) }
        positions.withLock { $0.removeAll(keepingCapacity: true) }
        return numbers
    }
}
