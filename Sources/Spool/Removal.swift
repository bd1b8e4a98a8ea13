/// Lets go of finished segments: one large enough is kept to be written over, the others are removed. Called under the
/// ledger's ownership, after the journal has all that the segment leaves behind; the directory is to be synced afterwards.
struct Removal {
    var directory: String
    var disk: any Disk
    var usage: SpoolUsage
    var spare: SpareSegment
    /// The size of a full segment, in bytes.
    var segmentBytes: Int

    /// Cuts off what was refused, durably: the segment behind this one, which makes it void, is about to go.
    func cut(_ segment: Segment) throws(SpoolError) {
        guard let end = segment.voidFrom else { return }
        let file = try disk.open(directory + "/" + SegmentWriter.name(segment.first), create: false)
        try file.truncate(to: end)
        try file.sync()
        usage.remove(segment.bytes - end)
    }

    /// Removes a segment, or keeps its file to be written over.
    func letGo(_ segment: Segment, isShort: Bool) throws(SpoolError) {
        let path = directory + "/" + SegmentWriter.name(segment.first)
        if !isShort, spare.bytes == 0, segment.bytes * 2 > segmentBytes {
            try disk.rename(path, to: directory + "/" + SpareSegment.name)
            spare.put(segment.bytes)
            return
        }
        try disk.remove(path)
        usage.remove(segment.bytes)
        if isShort { try dropSpare() }
    }

    /// Removes the file that waits to be written over.
    func dropSpare() throws(SpoolError) {
        let bytes = spare.take()
        guard bytes > 0 else { return }
        try disk.remove(directory + "/" + SpareSegment.name)
        usage.remove(bytes)
    }
}
