import CPlatform
import Glibc
import Platform

/// All commands under way, on one thread with an epoll of its own: their ends by pidfd, their pipes, their time.
///
/// Unchecked: everything but `thread` and `submit` belongs to the loop's own thread.
final class CommandLoop: @unchecked Sendable {
    enum Message: Sendable {
        case start([CommandRequest])
        case cancel(CommandTransport)
        case stop
    }

    private enum Role: UInt64 {
        case process, input, output
    }

    private let thread: LoopInbox<Message>
    private var running: [UInt64: RunningCommand] = [:]
    private var nextID: UInt64 = 1
    private var ended: [(owner: CommandTransport, report: AttemptReport)] = []
    private let buffer: UnsafeMutableRawBufferPointer
    private var isRunning = true

    /// Starts the thread; `nil` if the process has no descriptors or threads left for it.
    static func started() -> CommandLoop? {
        guard let thread = LoopInbox<Message>() else { return nil }
        let loop = CommandLoop(thread)
        return LoopThread(name: "commands", { loop.run() }) != nil ? loop : nil
    }

    private init(_ thread: LoopInbox<Message>) {
        self.thread = thread
        buffer = .allocate(byteCount: RunningCommand.readBytes, alignment: 16)
    }

    deinit { buffer.deallocate() }

    /// Hands work over. From any thread.
    func submit(_ message: Message) { thread.send([message]) }

    private func run() {
        let capacity = 64
        let events = UnsafeMutablePointer<epoll_event>.allocate(capacity: capacity)
        defer { events.deallocate() }
        while isRunning {
            let count = hs_epoll_wait(thread.epoll, events, Int32(capacity), timeout())
            var hasMail = false
            for index in 0..<Int(max(count, 0)) {
                let token = hs_epoll_token(events + index)
                if token == LoopInbox<Message>.inboxToken { hasMail = true } else { ready(token) }
            }
            enforceTime()
            if hasMail { for message in thread.takeMessages() { take(message) } }
            report()
        }
    }

    private func take(_ message: Message) {
        switch message {
        case .start(let requests): for request in requests { begin(request) }
        case .cancel(let owner):
            let now = hs_monotonic_ns() / 1_000_000
            for command in running.values where command.request.owner === owner { command.end(.cancelled, now: now) }
        case .stop:
            for command in running.values {
                command.abandon()
                ended.append((command.request.owner, command.request.report(.cancelled)))
            }
            running = [:]
            isRunning = false
        }
    }

    private func begin(_ request: CommandRequest) {
        let id = nextID
        nextID += 1
        switch RunningCommand.start(request, id: id) {
        case .failure(let fault): ended.append((request.owner, request.report(fault.ending)))
        case .success(let command):
            running[id] = command
            command.writeInput()
            watch(command.process, command, .process, UInt32(EPOLLIN.rawValue))
            watch(command.output, command, .output, UInt32(EPOLLIN.rawValue))
            if command.input >= 0 { watch(command.input, command, .input, UInt32(EPOLLOUT.rawValue)) }
        }
    }

    private func watch(_ descriptor: Int32, _ command: RunningCommand, _ role: Role, _ events: UInt32) {
        _ = hs_epoll_control(thread.epoll, 1, descriptor, events, command.id << 2 | role.rawValue)
    }

    private func ready(_ token: UInt64) {
        guard let command = running[token >> 2], let role = Role(rawValue: token & 3) else { return }
        switch role {
        case .input: command.writeInput()
        case .output: command.readOutput(buffer)
        case .process:
            guard let ending = command.collect(buffer) else { return }
            running[command.id] = nil
            ended.append((command.request.owner, command.request.report(ending)))
        }
    }

    private func enforceTime() {
        let now = hs_monotonic_ns() / 1_000_000
        for command in running.values where command.dueAt <= now { command.end(.timeout, now: now) }
    }

    private func timeout() -> Int32 {
        guard let next = running.values.lazy.map(\.dueAt).min(), next < .max else { return -1 }
        return Int32(clamping: max(0, next - hs_monotonic_ns() / 1_000_000))
    }

    /// Hands back what has ended, one batch for each transport.
    private func report() {
        guard !ended.isEmpty else { return }
        var batches: [ObjectIdentifier: [AttemptReport]] = [:]
        for (owner, report) in ended { batches[ObjectIdentifier(owner), default: []].append(report) }
        for (owner, _) in ended {
            if let batch = batches.removeValue(forKey: ObjectIdentifier(owner)) { owner.sink(batch) }
        }
        ended.removeAll(keepingCapacity: true)
    }
}
