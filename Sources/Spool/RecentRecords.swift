import CPlatform
import Glibc
import Synchronization

/// Where records of the segment that is written are put together, block by block as they go to its file, and where the newest ones
/// stay: most events are delivered at once, and what was written past the page cache would have to be read from the disk.
///
/// A byte stands at its offset in the file modulo the ring's size. Reads may come from any thread.
///
/// Unchecked: the bytes are written by the commit lock's holder alone, and never where the mutex lets readers look.
final class RecentRecords: @unchecked Sendable {
    /// The ring's size, in bytes.
    static let limitBytes = 2 << 20

    /// What of a segment's file may be read.
    private struct Kept {
        var segment: UInt64 = 0
        var start = 0
        var end = 0
    }

    private let kept = Mutex(Kept())
    private let ring: UnsafeMutableRawBufferPointer
    /// Where the write that is being put together begins and ends.
    private var begun = 0
    private var end = 0

    init() {
        ring = .allocate(byteCount: RecentRecords.limitBytes, alignment: RecentRecords.limitBytes)
        hs_prefer_huge_pages(ring.baseAddress!, ring.count)
    }

    deinit { ring.deallocate() }

    /// Begins a write of so many bytes; `false` if it is too large to be put together here. What stands before it in its block
    /// is read from the file, unless it is here.
    func begin(_ count: Int, of segment: UInt64, at offset: Int, in file: any DiskFile) throws(SpoolError) -> Bool {
        let block = SegmentWriter.blockBytes
        guard count <= ring.count / 2 else { return false }
        let isNext = kept.withLock { kept in
            let isNext = kept.segment == segment && kept.end == offset && kept.start <= offset / block * block
            if !isNext { kept = Kept(segment: segment, start: offset, end: offset) }
            kept.start = max(kept.start, offset + count + block - ring.count)
            return isNext
        }
        (begun, end) = (offset, offset)
        if !isNext, offset % block > 0 {
            let start = offset / block * block
            let before = slice(start, offset - start)
            let count = try file.read(into: before, at: start)
            if count < before.count { memset(before.baseAddress! + count, 0, before.count - count) }
        }
        return true
    }

    /// Puts bytes behind the others of the write.
    func put(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes
        while !rest.isEmpty {
            let into = slice(end, rest.count)
            into.copyMemory(from: UnsafeRawBufferPointer(rebasing: rest[..<into.count]))
            rest = UnsafeRawBufferPointer(rebasing: rest[into.count...])
            end += into.count
        }
    }

    /// The write in whole blocks, zeros behind it, and where they go in the file.
    func blocks() -> (buffers: [UnsafeRawBufferPointer], offset: Int) {
        let block = SegmentWriter.blockBytes
        let start = begun / block * block
        let whole = (end + block - 1) / block * block
        if whole > end { memset(slice(end, whole - end).baseAddress!, 0, whole - end) }
        let first = slice(start, whole - start)
        let second = slice(start + first.count, whole - start - first.count)
        return ([UnsafeRawBufferPointer(first), UnsafeRawBufferPointer(second)].filter { !$0.isEmpty }, start)
    }

    /// The write is durable: it may be read.
    func publish() { kept.withLock { $0.end = end } }

    /// A segment's record, up to the end of its payload as its header has it; `nil` if it is not kept.
    func record(of segment: UInt64, at offset: Int) -> [UInt8]? {
        kept.withLock { kept in
            guard kept.segment == segment, offset >= kept.start, offset + Record.headerBytes <= kept.end else {
                return nil
            }
            let length = slice(offset + Record.lengthOffset, 4)
            guard length.count == 4 else { return nil }
            let payload = Int(UnsafeRawBufferPointer(length).littleEndian(at: 0, as: UInt32.self))
            let count = min(Record.headerBytes + payload, kept.end - offset)
            return [UInt8](unsafeUninitializedCapacity: count) { bytes, initialized in
                let first = slice(offset, count)
                memcpy(bytes.baseAddress!, first.baseAddress!, first.count)
                memcpy(bytes.baseAddress! + first.count, ring.baseAddress!, count - first.count)
                initialized = count
            }
        }
    }

    /// Forgets a segment, because something in it was overwritten.
    func forget(_ segment: UInt64) {
        kept.withLock { if $0.segment == segment { ($0.start, $0.end) = (0, 0) } }
    }

    /// A stretch of the file in the ring, up to the ring's end.
    private func slice(_ offset: Int, _ count: Int) -> UnsafeMutableRawBufferPointer {
        let place = offset % ring.count
        return UnsafeMutableRawBufferPointer(rebasing: ring[place..<min(place + count, ring.count)])
    }
}
