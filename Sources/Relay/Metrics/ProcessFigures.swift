import Glibc

/// What the kernel says of this process (proc(5)), under the names that every Prometheus client uses.
struct ProcessFigures {
    var cpuSeconds = 0.0
    var startSeconds = 0.0
    var residentBytes = 0
    var virtualBytes = 0
    var threads = 0
    var openDescriptors = 0
    var descriptorLimit = 0

    /// The figures at this moment; `nil` where there is no `/proc`.
    init?() {
        guard let stat = ProcessFigures.text("/proc/self/stat"), let end = stat.lastIndex(of: ")") else { return nil }
        // Fields are counted from the state, the third one, behind the name, which may hold anything.
        let fields = stat[stat.index(after: end)...].split(separator: " ")
        guard fields.count > 21 else { return nil }
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        cpuSeconds = ((Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)) / ticks
        threads = Int(fields[17]) ?? 0
        virtualBytes = Int(fields[20]) ?? 0
        residentBytes = (Int(fields[21]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE)))
        let boot = ProcessFigures.text("/proc/stat")?.split(separator: "\n").first { $0.hasPrefix("btime ") }
        startSeconds = (boot.flatMap { Double($0.dropFirst(6)) } ?? 0) + (Double(fields[19]) ?? 0) / ticks
        openDescriptors = ProcessFigures.countDescriptors()
        var limit = rlimit()
        if getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0 {
            descriptorLimit = Int(clamping: limit.rlim_cur)
        }
    }

    private static func text(_ path: String) -> String? {
        do throws(FileReadError) {
            return String(decoding: try FileContent.read(path, limitBytes: 1 << 20), as: UTF8.self)
        } catch {
            return nil
        }
    }

    private static func countDescriptors() -> Int {
        guard let listing = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(listing) }
        var count = 0
        while readdir(listing) != nil { count += 1 }
        // The directory itself, what stands above it, and the descriptor that reads it.
        return max(0, count - 3)
    }
}
