import Foundation
import Synchronization

/// A program that a comparison needs and the machine lacks.
struct MissingPeer: Error {
    var program: String
    var package: String
}

/// Something that went wrong while measuring.
struct BenchmarkFault: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// A server under measurement, held to one core or to none. It ends with this value.
final class Peer {
    private let process = Process()

    /// Where a program is, or what to install for it.
    static func path(of program: String, package: String) throws -> String {
        for directory in ["/usr/bin", "/usr/sbin", "/bin", "/usr/local/bin"] {
            let path = "\(directory)/\(program)"
            if FileManager.default.isExecutableFile(atPath: path) { return path }
        }
        throw MissingPeer(program: program, package: package)
    }

    /// Starts a program on a core, or on all of them; returns when it answers on a port of loopback.
    init(_ command: [String], core: Int?, port: UInt16, in directory: URL) throws {
        process.executableURL = URL(fileURLWithPath: try Peer.path(of: "taskset", package: "util-linux"))
        process.arguments = ["-c", Peer.list(core)] + command
        process.currentDirectoryURL = directory
        let log = directory.appendingPathComponent("log-\(port)")
        _ = FileManager.default.createFile(atPath: log.path, contents: nil)
        let handle = try FileHandle(forWritingTo: log)
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        let deadline = Date().addingTimeInterval(20)
        while !Port.answers(port) {
            guard process.isRunning, Date() < deadline else {
                process.terminate()
                let said = (try? String(contentsOf: log, encoding: .utf8)) ?? ""
                throw BenchmarkFault("\(command[0]) does not answer on port \(port): \(said.suffix(500))")
            }
            usleep(20_000)
        }
    }

    /// What taskset takes for a core, or for all of them.
    static func list(_ core: Int?) -> String {
        core.map(String.init) ?? "0-\(ProcessInfo.processInfo.activeProcessorCount - 1)"
    }

    /// CPU time used so far, in seconds: user and system, of the process and its children (nginx's workers).
    var cpuSeconds: Double {
        let process = process.processIdentifier
        let children = try? String(contentsOfFile: "/proc/\(process)/task/\(process)/children", encoding: .utf8)
        let all = [process] + (children ?? "").split(separator: " ").compactMap { Int32($0) }
        return all.reduce(0) { $0 + Peer.cpuSeconds(of: $1) }
    }

    private static func cpuSeconds(of process: Int32) -> Double {
        let text = (try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8)) ?? ""
        let fields = text.split(separator: ")").last?.split(separator: " ") ?? []
        // The 14th and 15th field of proc(5), two of which stand before the parenthesis.
        guard fields.count > 12, let user = Double(fields[11]), let system = Double(fields[12]) else { return 0 }
        return (user + system) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    /// Resident memory, in megabytes.
    var residentMegabytes: Double {
        let text = (try? String(contentsOfFile: "/proc/\(process.processIdentifier)/statm", encoding: .utf8)) ?? ""
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Double(fields[1]) ?? 0) * Double(sysconf(Int32(_SC_PAGESIZE))) / 1e6 : 0
    }

    /// Ends it as a crash would.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    func stop() {
        guard process.isRunning else { return }
        process.terminate()
        process.waitUntilExit()
    }

    deinit { stop() }
}

/// Ports of loopback.
enum Port {
    private static let given = Mutex<Set<UInt16>>([])

    /// One that is free at the moment, and another one each time: the kernel may choose one twice that nobody uses yet.
    static func free() -> UInt16 {
        while true {
            let descriptor = listening(0)
            defer { close(descriptor) }
            let port = of(descriptor)
            if given.withLock({ $0.insert(port).inserted }) { return port }
        }
    }

    /// Whether somebody listens.
    static func answers(_ port: UInt16) -> Bool {
        let descriptor = connected(port)
        if descriptor >= 0 { close(descriptor) }
        return descriptor >= 0
    }

    /// A socket connected to a port, which sends at once what it is given; -1 if nobody listens.
    static func connected(_ port: UInt16) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        let isConnected = onLoopback(port) { connect(descriptor, $0, $1) == 0 }
        if isConnected { return descriptor }
        close(descriptor)
        return -1
    }

    /// A socket that listens on a port, or on one that the kernel chooses for 0; -1 if it is taken.
    static func listening(_ port: UInt16) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        if onLoopback(port, { bind(descriptor, $0, $1) == 0 && listen(descriptor, 4096) == 0 }) { return descriptor }
        close(descriptor)
        return -1
    }

    /// The port that a socket is bound to.
    static func of(_ descriptor: Int32) -> UInt16 {
        var address = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) {
            _ = $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
        }
        return UInt16(bigEndian: address.sin_port)
    }

    private static func onLoopback(_ port: UInt16, _ use: (UnsafePointer<sockaddr>, socklen_t) -> Bool) -> Bool {
        var address = loopback(port)
        return withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { use($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }

    private static func loopback(_ port: UInt16) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        return address
    }
}
