import CPlatform
import Glibc

/// A command under way: its process, its pipes, what is still to be written, the end of what it wrote. Owned by the
/// command loop's thread.
final class RunningCommand {
    /// How much is read in one go, in bytes, and how often before others have their turn.
    static let readBytes = 64 << 10
    static let readsATurn = 16
    /// How long a process group has between SIGTERM and SIGKILL, in milliseconds.
    static let killMilliseconds: Int64 = 2000

    /// Why it is made to end.
    enum Stop: Equatable {
        case timeout, cancelled
    }

    let request: CommandRequest
    let id: UInt64
    let pid: pid_t
    let process: Int32
    private(set) var input: Int32
    private(set) var output: Int32
    private var written = 0
    private var kept = OutputTail()
    private(set) var stop: Stop?
    /// When something must be done about it, by the steady clock in milliseconds.
    private(set) var dueAt: Int64

    /// Starts the command, or says how that failed.
    static func start(_ request: CommandRequest, id: UInt64) -> Result<RunningCommand, AttemptFault> {
        var inner: [Int32] = [-1, -1]
        var outer: [Int32] = [-1, -1]
        guard hs_pipe(&inner) == 0, hs_pipe(&outer) == 0 else {
            let reason = "no pipe for a command: \(String(cString: strerror(errno)))"
            for end in inner where end >= 0 { close(end) }
            return .failure(AttemptFault(ending: .broken(reason: reason)))
        }
        let result = request.start.spawn(input: inner[0], output: outer[1], error: outer[1])
        close(inner[0])
        close(outer[1])
        switch result {
        case .failure(let fault):
            close(inner[1])
            close(outer[0])
            return .failure(fault)
        case .success(let started):
            _ = hs_set_nonblocking(inner[1])
            _ = hs_set_nonblocking(outer[0])
            return .success(RunningCommand(request, id, started.pid, started.process, inner[1], outer[0]))
        }
    }

    private init(
        _ request: CommandRequest, _ id: UInt64, _ pid: pid_t, _ process: Int32, _ input: Int32, _ output: Int32
    ) {
        self.request = request
        self.id = id
        self.pid = pid
        self.process = process
        self.input = input
        self.output = output
        dueAt = hs_monotonic_ns() / 1_000_000 + request.timeoutMilliseconds
    }

    /// Writes what its standard input takes. Once all is written, or it has closed it, the pipe is closed.
    func writeInput() {
        guard input >= 0 else { return }
        request.input.withUnsafeBytes { bytes in
            while written < bytes.count {
                let count = write(input, bytes.baseAddress! + written, bytes.count - written)
                if count > 0 { written += count; continue }
                if errno == EINTR { continue }
                if errno == EAGAIN { return }
                // It does not want to read (EPIPE): its exit says whether that is well.
                written = bytes.count
            }
        }
        if written >= request.input.count {
            close(input)
            input = -1
        }
    }

    /// Reads what it wrote, for one turn.
    func readOutput(_ buffer: UnsafeMutableRawBufferPointer) {
        for _ in 0..<RunningCommand.readsATurn where output >= 0 {
            let count = read(output, buffer.baseAddress, buffer.count)
            if count > 0 {
                kept.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            } else if count < 0 && errno == EINTR {
                continue
            } else if count < 0 && errno == EAGAIN {
                return
            } else {
                close(output)
                output = -1
            }
        }
    }

    /// Makes its process group end: SIGTERM first, SIGKILL when it is due again.
    func end(_ why: Stop, now: Int64) {
        let isSecond = stop != nil
        stop = stop ?? why
        kill(-pid, isSecond ? SIGKILL : SIGTERM)
        dueAt = isSecond ? .max : now + RunningCommand.killMilliseconds
    }

    /// Collects it once it has ended, and closes what is open; `nil` if it has not. What it left behind in its group is
    /// asked to end, and made to if the command itself was.
    func collect(_ buffer: UnsafeMutableRawBufferPointer) -> AttemptEnding? {
        // Before it is collected nobody else can have its number.
        kill(-pid, stop == nil ? SIGTERM : SIGKILL)
        var code: Int32 = 0
        let how = hs_reap(pid, &code)
        guard how != 0 else { return nil }
        readOutput(buffer)
        closeAll()
        // What ends because we asked it to has not said that it is done, whatever its exit is.
        switch (how, stop) {
        case (_, .cancelled?): return .cancelled
        case (_, .timeout?):
            return .broken(
                reason: "timeout: not done after \(request.timeoutMilliseconds) ms, its process group was killed",
                output: kept.bytes)
        case (1, nil): return .exited(code: code, output: kept.bytes)
        default: return .broken(reason: "killed by signal \(code)", output: kept.bytes)
        }
    }

    /// Kills it without further ado, for the relay's own end.
    func abandon() {
        CommandStart.abandon(pid)
        closeAll()
    }

    private func closeAll() {
        for descriptor in [input, output, process] where descriptor >= 0 { close(descriptor) }
        input = -1
        output = -1
    }
}
