import Foundation

@testable import Spool

/// A disk in memory that keeps apart what a program sees and what a power cut would leave.
///
/// A write changes what is seen, and marks its 512-byte blocks; a sync carries them over. At a crash each block that was
/// not synced survives or not, the file's size is the old or the new, and of the names that were not synced the first few
/// hold; all by the seed. After a failed sync some blocks were carried over, and none is tried again, as Linux has it.
/// Any call can be made to fail, and the disk can be made to die after so many calls.
final class SimulatedDisk: Disk, @unchecked Sendable {
    enum Call: Hashable {
        case open, list, makeDirectory, remove, rename, syncDirectory, freeBytes, lock, size, read, write, sync,
            truncate
    }

    /// What of the unsynced survives a crash.
    enum Survival {
        case seeded, nothing, everything
    }

    /// A call that fails.
    struct Fault {
        var call: Call
        /// Only on paths that end so.
        var suffix = ""
        /// So many such calls pass before.
        var after = 0
        /// So many fail.
        var times = 1
        var errno: Int32 = EIO
        /// What of the unsynced a failed sync or write carries over all the same.
        var carries = Survival.seeded
    }

    private enum NameChange {
        case link(String, Inode)
        case unlink(String)
        case rename(String, String)
    }

    fileprivate final class Inode {
        var seen: [UInt8] = []
        var durable: [UInt8] = []
        var dirty: [Range<Int>] = []
    }

    static let blockBytes = 512

    /// Guards everything, and tells those who wait that a call was made.
    private let changed = NSCondition()
    private var names: [String: Inode] = [:]
    private var durableNames: [String: Inode] = [:]
    private var changes: [NameChange] = []
    private var faults: [Fault] = []
    private var counts: [Call: Int] = [:]
    private var random: SeededRandom
    private var callsLeft: Int?
    private var isDead = false
    private weak var lockHolder: LockHolder?
    private var free = 1 << 40
    /// What all files together may hold, if that decides what is free.
    private var capacity: Int?
    /// How often a write or a sync fails: once in so many times.
    private var chance: Int?

    init(seed: UInt64 = 1) { random = SeededRandom(seed: seed) }

    func fail(_ fault: Fault) { locked { faults.append(fault) } }
    func heal() {
        locked {
            faults = []
            chance = nil
            callsLeft = nil
        }
    }
    func setFree(_ bytes: Int) { locked { free = bytes } }
    /// From now on the files may hold so much; a write that they have no room for fails.
    func setCapacity(_ bytes: Int) { locked { capacity = bytes } }
    private var used: Int { names.values.reduce(0) { $0 + $1.seen.count } }
    func failWritesAndSyncs(onceIn times: Int) { locked { chance = times } }
    /// Dies after so many calls: this and every later one fails, and changes nothing.
    func die(afterCalls calls: Int) { locked { callsLeft = calls } }
    var hasDied: Bool { locked { isDead } }
    func count(_ call: Call) -> Int { locked { counts[call] ?? 0 } }
    func contents(_ path: String) -> [UInt8]? { locked { names[path]?.seen } }
    func paths(_ suffix: String) -> [String] { locked { names.keys.filter { $0.hasSuffix(suffix) }.sorted() } }

    /// Changes a file's bytes behind everyone's back, on the platter too.
    func alter(_ path: String, _ change: (inout [UInt8]) -> Void) {
        locked {
            guard let inode = names[path] else { return }
            change(&inode.seen)
            inode.durable = inode.seen
            inode.dirty = []
        }
    }

    func flipBit(_ path: String, byte: Int, bit: Int = 0) { alter(path) { $0[byte] ^= 1 << UInt8(bit) } }

    /// Puts a durable file there.
    func place(_ path: String, _ bytes: [UInt8]) {
        locked {
            let inode = Inode()
            inode.seen = bytes
            inode.durable = bytes
            names[path] = inode
            durableNames[path] = inode
        }
    }

    /// Waits until calls have made something true; `false` if that takes too long.
    func wait(seconds: Double = 20, until condition: @escaping () -> Bool) -> Bool {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while !condition() {
            changed.lock()
            let isInTime = changed.wait(until: min(deadline, Date(timeIntervalSinceNow: 0.02))) || Date() < deadline
            changed.unlock()
            if !isInTime { return condition() }
        }
        return true
    }

    /// The power goes. What is left is the answer; this disk fails at everything from now on.
    func crash(_ survival: Survival = .seeded) -> SimulatedDisk {
        locked {
            isDead = true
            let after = SimulatedDisk(seed: random.next())
            var held = changes
            switch survival {
            case .seeded: held.removeLast(random.below(changes.count + 1))
            case .nothing: held = []
            case .everything: break
            }
            var left = durableNames
            for change in held { SimulatedDisk.apply(change, to: &left) }
            for (path, inode) in left.sorted(by: { $0.key < $1.key }) {
                let copy = Inode()
                copy.durable = carried(inode, survival)
                copy.seen = copy.durable
                after.names[path] = copy
                after.durableNames[path] = copy
            }
            after.free = free
            after.capacity = capacity
            return after
        }
    }

    func open(_ path: String, create: Bool) throws(SpoolError) -> any DiskFile {
        try checked(.open, path) { () throws(SpoolError) in
            if let inode = names[path] { return SimulatedFile(self, inode, path) }
            guard create else { throw .system(call: "open", path: path, errno: ENOENT) }
            let inode = Inode()
            names[path] = inode
            changes.append(.link(path, inode))
            return SimulatedFile(self, inode, path)
        }
    }

    func openDirect(_ path: String) throws(SpoolError) -> any DiskFile { try open(path, create: false) }

    func list(_ directory: String) throws(SpoolError) -> [String] {
        try checked(.list, directory) {
            names.keys.filter { $0.hasPrefix(directory + "/") }.map { String($0.dropFirst(directory.count + 1)) }
                .filter { !$0.contains("/") }.sorted()
        }
    }

    func makeDirectory(_ path: String) throws(SpoolError) { try checked(.makeDirectory, path) {} }

    func remove(_ path: String) throws(SpoolError) {
        try checked(.remove, path) { () throws(SpoolError) in
            guard names.removeValue(forKey: path) != nil else {
                throw .system(call: "unlink", path: path, errno: ENOENT)
            }
            changes.append(.unlink(path))
        }
    }

    func rename(_ path: String, to newPath: String) throws(SpoolError) {
        try checked(.rename, path) { () throws(SpoolError) in
            guard let inode = names.removeValue(forKey: path) else {
                throw .system(call: "rename", path: path, errno: ENOENT)
            }
            names[newPath] = inode
            changes.append(.rename(path, newPath))
        }
    }

    func syncDirectory(_ path: String) throws(SpoolError) {
        try checked(.syncDirectory, path) {
            for change in changes { SimulatedDisk.apply(change, to: &durableNames) }
            changes = []
        }
    }

    func freeBytes(_ path: String) throws(SpoolError) -> Int {
        try checked(.freeBytes, path) { capacity.map { max(0, $0 - used) } ?? free }
    }

    private final class LockHolder: Sendable {}

    func lock(_ directory: String) throws(SpoolError) -> any AnyObject & Sendable {
        try checked(.lock, directory) { () throws(SpoolError) in
            guard lockHolder == nil else { throw .locked(path: directory + "/lock", pid: 1) }
            let holder = LockHolder()
            lockHolder = holder
            return holder
        }
    }

    fileprivate func size(_ inode: Inode, _ path: String) throws(SpoolError) -> Int {
        try checked(.size, path) { inode.seen.count }
    }

    fileprivate func read(_ inode: Inode, _ path: String, into buffer: UnsafeMutableRawBufferPointer, at offset: Int)
        throws(SpoolError) -> Int
    {
        try checked(.read, path) {
            let count = max(0, min(buffer.count, inode.seen.count - offset))
            inode.seen.withUnsafeBytes { bytes in
                guard count > 0 else { return }
                buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
            }
            return count
        }
    }

    fileprivate func write(_ inode: Inode, _ path: String, _ buffers: [UnsafeRawBufferPointer], at offset: Int)
        throws(SpoolError)
    {
        try checked(.write, path) { () throws(SpoolError) in
            let bytes = buffers.reduce(0) { $0 + $1.count }
            if let capacity, used + max(0, offset + bytes - inode.seen.count) > capacity {
                throw .system(call: "write", path: path, errno: ENOSPC)
            }
            put(inode, buffers, at: offset, limit: bytes)
        } failing: { fault in
            // Cut short somewhere.
            let whole = buffers.reduce(0) { $0 + $1.count }
            switch fault.carries {
            case .nothing: break
            case .everything: put(inode, buffers, at: offset, limit: whole)
            case .seeded: put(inode, buffers, at: offset, limit: random.below(whole + 1))
            }
        }
    }

    fileprivate func sync(_ inode: Inode, _ path: String) throws(SpoolError) {
        try checked(.sync, path) {
            inode.durable = carried(inode, .everything)
            inode.dirty = []
        } failing: { fault in
            inode.durable = carried(inode, fault.carries)
            inode.dirty = []
        }
    }

    fileprivate func truncate(_ inode: Inode, _ path: String, to size: Int) throws(SpoolError) {
        try checked(.truncate, path) {
            let before = inode.seen.count
            if size < before {
                inode.seen.removeLast(before - size)
            } else if size > before {
                inode.seen.append(contentsOf: repeatElement(0, count: size - before))
                mark(inode, before..<size)
            }
        }
    }

    private func put(_ inode: Inode, _ buffers: [UnsafeRawBufferPointer], at offset: Int, limit: Int) {
        guard limit > 0 else { return }
        let end = offset + limit
        if inode.seen.count < end {
            let before = inode.seen.count
            inode.seen.append(contentsOf: [UInt8](repeating: 0, count: end - before))
            if before < offset { mark(inode, before..<offset) }
        }
        inode.seen.withUnsafeMutableBytes { bytes in
            var position = offset
            for buffer in buffers where !buffer.isEmpty && position < end {
                let count = min(buffer.count, end - position)
                UnsafeMutableRawBufferPointer(rebasing: bytes[position..<position + count])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                position += count
            }
        }
        mark(inode, offset..<end)
    }

    private func mark(_ inode: Inode, _ bytes: Range<Int>) {
        let block = SimulatedDisk.blockBytes
        inode.dirty.append(bytes.lowerBound / block..<(bytes.upperBound + block - 1) / block)
    }

    /// What the platter holds after as much of the unsynced was carried over.
    private func carried(_ inode: Inode, _ survival: Survival) -> [UInt8] {
        if survival == .nothing { return inode.durable }
        var result = inode.durable
        let seen = inode.seen
        // Blocks first, as though there were room for all; then the size.
        let longest = max(result.count, seen.count)
        let oldSize = result.count
        if result.count < longest {
            result.append(contentsOf: [UInt8](repeating: 0, count: longest - result.count))
        }
        for range in inode.dirty {
            if survival == .everything {
                carry(seen, range, to: &result)
            } else {
                for block in range where random.next() & 1 == 0 { carry(seen, block..<block + 1, to: &result) }
            }
        }
        let size = survival == .everything || random.next() & 1 == 0 ? seen.count : oldSize
        if result.count > size { result.removeLast(result.count - size) }
        return result
    }

    private func carry(_ seen: [UInt8], _ blocks: Range<Int>, to result: inout [UInt8]) {
        let start = blocks.lowerBound * SimulatedDisk.blockBytes
        let end = min(blocks.upperBound * SimulatedDisk.blockBytes, seen.count)
        guard start < end else { return }
        result.withUnsafeMutableBytes { to in
            seen.withUnsafeBytes { from in
                UnsafeMutableRawBufferPointer(rebasing: to[start..<end])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: from[start..<end]))
            }
        }
    }

    private static func apply(_ change: NameChange, to names: inout [String: Inode]) {
        switch change {
        case .link(let path, let inode): names[path] = inode
        case .unlink(let path): names[path] = nil
        case .rename(let path, let newPath):
            names[newPath] = names[path]
            names[path] = nil
        }
    }

    private func locked<Result>(_ body: () -> Result) -> Result {
        changed.lock()
        defer { changed.unlock() }
        return body()
    }

    private func checked<Result>(
        _ call: Call, _ path: String, _ body: () throws(SpoolError) -> Result, failing: (Fault) -> Void = { _ in }
    ) throws(SpoolError) -> Result {
        changed.lock()
        defer {
            changed.broadcast()
            changed.unlock()
        }
        counts[call, default: 0] += 1
        if let left = callsLeft {
            callsLeft = left - 1
            if left <= 0 { isDead = true }
        }
        if isDead { throw .system(call: "\(call)", path: path, errno: EIO) }
        if let fault = fault(call, path) {
            failing(fault)
            throw .system(call: "\(call)", path: path, errno: fault.errno)
        }
        return try body()
    }

    private func fault(_ call: Call, _ path: String) -> Fault? {
        for (place, fault) in faults.enumerated() where fault.call == call && path.hasSuffix(fault.suffix) {
            if fault.after > 0 {
                faults[place].after -= 1
            } else if fault.times > 0 {
                faults[place].times -= 1
                return fault
            }
        }
        if let chance, call == .write || call == .sync || call == .syncDirectory, random.onceIn(chance) {
            return Fault(call: call)
        }
        return nil
    }
}

/// An open file of a simulated disk.
final class SimulatedFile: DiskFile, @unchecked Sendable {
    private let disk: SimulatedDisk
    private let inode: SimulatedDisk.Inode
    private let path: String

    fileprivate init(_ disk: SimulatedDisk, _ inode: SimulatedDisk.Inode, _ path: String) {
        self.disk = disk
        self.inode = inode
        self.path = path
    }

    func size() throws(SpoolError) -> Int { try disk.size(inode, path) }
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(SpoolError) -> Int {
        try disk.read(inode, path, into: buffer, at: offset)
    }
    func write(_ buffers: [UnsafeRawBufferPointer], at offset: Int) throws(SpoolError) {
        try disk.write(inode, path, buffers, at: offset)
    }
    func sync() throws(SpoolError) { try disk.sync(inode, path) }
    func truncate(to size: Int) throws(SpoolError) { try disk.truncate(inode, path, to: size) }
}
