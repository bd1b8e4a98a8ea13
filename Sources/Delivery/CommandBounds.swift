import CPlatform
import Glibc

/// A user that commands run as.
public struct CommandUser: Sendable, Equatable {
    /// The name.
    public var name: String
    /// The number.
    public var id: UInt32
    /// The number of the user's own group: the only one that a command is in.
    public var group: UInt32
    /// The home directory.
    public var home: String

    /// Looks a user up by name; `nil` if the system knows none.
    public init?(named name: String) {
        var entry = passwd()
        var found: UnsafeMutablePointer<passwd>?
        var buffer = [CChar](repeating: 0, count: 16 << 10)
        guard getpwnam_r(name, &entry, &buffer, buffer.count, &found) == 0, found != nil, let home = entry.pw_dir
        else { return nil }
        self.name = name
        id = entry.pw_uid
        group = entry.pw_gid
        self.home = String(cString: home)
    }
}

/// What a command may not go beyond: `rlimits`. 0 for the relay's own limit.
public struct CommandLimits: Sendable, Equatable {
    /// Processor time in seconds (RLIMIT_CPU).
    public var cpuSeconds = 0
    /// Address space in bytes (RLIMIT_AS).
    public var memoryBytes = 0
    /// Open files (RLIMIT_NOFILE).
    public var files = 0

    /// No limits of its own.
    public init() {}
}

/// How a command is started, beside its input.
struct CommandStart: Sendable {
    /// The program and its arguments, without NUL bytes.
    var arguments: [[UInt8]]
    /// `NAME=value`, without NUL bytes.
    var environment: [[UInt8]]
    /// The working directory.
    var directory: String
    /// Another user, if it runs as one.
    var user: CommandUser?
    /// Its limits.
    var limits = CommandLimits()

    /// A process that was started.
    struct Started {
        var pid: pid_t
        /// Readable once it has ended.
        var process: Int32
    }

    /// Starts it with these descriptors as 0, 1 and 2; they stay the caller's.
    func spawn(input: Int32, output: Int32, error: Int32) -> Result<Started, AttemptFault> {
        var pid = pid_t()
        var step: UnsafePointer<CChar>?
        let failed = CommandStart.withStrings(arguments) { arguments in
            CommandStart.withStrings(environment) { environment in
                directory.withCString { directory in
                    var options = hs_spawn_options()
                    options.directory = directory
                    (options.input, options.output, options.error) = (input, output, error)
                    if let user {
                        options.changes_user = 1
                        (options.user, options.group) = (user.id, user.group)
                    }
                    options.cpu_seconds = UInt64(limits.cpuSeconds)
                    options.memory_bytes = UInt64(limits.memoryBytes)
                    options.files = UInt64(limits.files)
                    return hs_spawn(arguments[0]!, arguments, environment, &options, &pid, &step)
                }
            }
        }
        guard failed == 0 else { return .failure(AttemptFault(ending: fault(failed, at: step))) }
        let process = hs_pidfd_open(pid)
        guard process >= 0 else {
            let reason = String(cString: strerror(errno))
            CommandStart.abandon(pid)
            return .failure(AttemptFault(ending: .broken(reason: "no descriptor for a command: \(reason)")))
        }
        return .success(Started(pid: pid, process: process))
    }

    /// Kills a process group and collects its first process.
    static func abandon(_ pid: pid_t) {
        kill(-pid, SIGKILL)
        waitpid(pid, nil, 0)
    }

    private func fault(_ code: Int32, at step: UnsafePointer<CChar>?) -> AttemptEnding {
        let program = String(decoding: arguments.first ?? [], as: UTF8.self)
        let reason = String(cString: strerror(code))
        switch step.map({ String(cString: $0) }) ?? "" {
        case "exec" where code == E2BIG:
            return .unfit(reason: "\(program) can't be started: arguments or environment too long")
        case "exec": return .broken(reason: "the command \(program) can't be started: \(reason)")
        case "chdir": return .broken(reason: "the working directory \(directory) can't be entered: \(reason)")
        case "setgroups", "setgid", "setuid":
            return .broken(reason: "the command \(program) can't become the user \(user?.name ?? ""): \(reason)")
        case let step: return .broken(reason: "the command \(program) can't be started (\(step)): \(reason)")
        }
    }

    /// Calls with a NULL-terminated array of C strings.
    private static func withStrings<R>(
        _ strings: [[UInt8]], _ body: (UnsafePointer<UnsafeMutablePointer<CChar>?>) -> R
    ) -> R {
        var pointers: [UnsafeMutablePointer<CChar>?] = strings.map { string in
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: string.count + 1)
            for (index, byte) in string.enumerated() { copy[index] = CChar(bitPattern: byte) }
            copy[string.count] = 0
            return copy
        }
        pointers.append(nil)
        defer { for pointer in pointers { pointer?.deallocate() } }
        return pointers.withUnsafeBufferPointer { body($0.baseAddress!) }
    }
}

/// How an attempt ended that did not begin.
struct AttemptFault: Error {
    var ending: AttemptEnding
}
