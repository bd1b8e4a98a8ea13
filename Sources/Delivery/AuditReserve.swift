import CPlatform

/// What the audit file leaves of the disk to what comes before it: outcomes and failures.
public struct AuditReserve: Sendable {
    /// What stays free, in bytes; 0 for nothing.
    var bytes: Int
    /// What is free; `nil` if the file system does not say.
    var free: @Sendable () -> Int?

    /// None: for a directory whose disk nobody looks after.
    public static let none = AuditReserve(bytes: 0) { nil }

    /// So much of a directory's disk.
    public init(directory: String, bytes: Int) {
        self.init(bytes: bytes) {
            let free = hs_free_bytes(directory)
            return free < 0 ? nil : Int(free)
        }
    }

    init(bytes: Int, free: @escaping @Sendable () -> Int?) {
        self.bytes = bytes
        self.free = free
    }

    /// Whether so much may be written.
    func leavesEnough(after count: Int) -> Bool {
        guard bytes > 0, let free = free() else { return true }
        return free - count >= bytes
    }
}
