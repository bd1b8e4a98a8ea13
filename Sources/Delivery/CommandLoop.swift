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
        case feed(StreamTransport, StreamSettings, [StreamDialogue.Line])
        case change(StreamTransport, StreamSettings)
        case cancelStream(StreamTransport)
        case retire(StreamTransport)
        case stop
    }

    private enum Role: UInt64 {
        case process, input, output, error
    }

    private let thread: LoopInbox<Message>
    private var running: [UInt64: RunningCommand] = [:]
    private var nextID: UInt64 = 1
    /// Long-lived commands by their transport, and by the process that runs.
    private var sessions: [ObjectIdentifier: StreamSession] = [:]
    private var streams: [UInt64: StreamSession] = [:]
    private var ended: [ObjectIdentifier: (sink: AttemptSink, reports: [AttemptReport])] = [:]
    private var orphans = Orphans()
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
        case .feed(let owner, let settings, let lines):
            let session = sessions[ObjectIdentifier(owner)] ?? StreamSession(owner, settings)
            sessions[ObjectIdentifier(owner)] = session
            session.add(lines)
            serve(session)
        case .change(let owner, let settings):
            guard let session = sessions[ObjectIdentifier(owner)] else { return }
            session.update(settings)
            serve(session)
        case .cancelStream(let owner):
            guard let session = sessions[ObjectIdentifier(owner)] else { return }
            note(session.cancel(now: hs_monotonic_ns() / 1_000_000), of: session)
        case .retire(let owner):
            guard let session = sessions[ObjectIdentifier(owner)] else { return }
            session.retire(now: hs_monotonic_ns() / 1_000_000)
            if !session.isRunning { sessions[ObjectIdentifier(owner)] = nil }
        case .stop:
            for command in running.values {
                command.abandon()
                note(command.request, .cancelled)
            }
            for session in sessions.values { note(session.abandon(), of: session) }
            running = [:]
            sessions = [:]
            streams = [:]
            isRunning = false
        }
    }

    private func begin(_ request: CommandRequest) {
        let id = takeID()
        switch RunningCommand.start(request, id: id) {
        case .failure(let fault): note(request, fault.ending)
        case .success(let command):
            running[id] = command
            orphans.expect(now: hs_monotonic_ns() / 1_000_000)
            command.writeInput()
            watch(command.process, command, .process, UInt32(EPOLLIN.rawValue))
            watch(command.output, command, .output, UInt32(EPOLLIN.rawValue))
            if command.input >= 0 { watch(command.input, command, .input, UInt32(EPOLLOUT.rawValue)) }
        }
    }

    private func watch(_ descriptor: Int32, _ command: RunningCommand, _ role: Role, _ events: UInt32) {
        watch(descriptor, command.id, role, events)
    }

    private func watch(_ descriptor: Int32, _ id: UInt64, _ role: Role, _ events: UInt32) {
        _ = hs_epoll_control(thread.epoll, 1, descriptor, events, id << 2 | role.rawValue)
    }

    /// Has a session go on: its process is started if it is wanted, and what waits is written.
    private func serve(_ session: StreamSession) {
        let now = hs_monotonic_ns() / 1_000_000
        let before = session.id
        note(session.startIfWanted(now: now, id: takeID()), of: session)
        if session.isRunning && session.id != before {
            streams[session.id] = session
            orphans.expect(now: now)
            let descriptors = session.descriptors
            watch(descriptors.process, session.id, .process, UInt32(EPOLLIN.rawValue))
            watch(descriptors.output, session.id, .output, UInt32(EPOLLIN.rawValue))
            watch(descriptors.error, session.id, .error, UInt32(EPOLLIN.rawValue))
            // At its edge: it is writable most of the time, and nothing is to be written.
            watch(descriptors.input, session.id, .input, UInt32(EPOLLOUT.rawValue) | UInt32(EPOLLET.rawValue))
        }
        note(session.listen(buffer, now: now), of: session)
        session.write(now: now)
    }

    private func takeID() -> UInt64 {
        defer { nextID += 1 }
        return nextID
    }

    private func readyStream(_ session: StreamSession, _ role: Role) {
        let now = hs_monotonic_ns() / 1_000_000
        switch role {
        case .input: break
        case .output: note(session.read(buffer, now: now), of: session)
        case .error: session.readError(buffer)
        case .process:
            let id = session.id
            guard let endings = session.collect(buffer, now: now) else { return }
            streams[id] = nil
            orphans.look(now: now)
            note(endings, of: session)
            if session.isRetired { return sessions[ObjectIdentifier(session.transport)] = nil }
        }
        serve(session)
    }

    private func ready(_ token: UInt64) {
        if let session = streams[token >> 2], let role = Role(rawValue: token & 3) {
            return readyStream(session, role)
        }
        guard let command = running[token >> 2], let role = Role(rawValue: token & 3) else { return }
        switch role {
        case .input: command.writeInput()
        case .output, .error: command.readOutput(buffer)
        case .process:
            guard let ending = command.collect(buffer) else { return }
            running[command.id] = nil
            orphans.look(now: hs_monotonic_ns() / 1_000_000)
            note(command.request, ending)
        }
    }

    private func enforceTime() {
        let now = hs_monotonic_ns() / 1_000_000
        orphans.collect(now: now, isBusy: !running.isEmpty || !streams.isEmpty)
        for command in running.values where command.dueAt <= now { command.end(.timeout, now: now) }
        for session in sessions.values where session.dueAt <= now {
            session.tick(now: now)
            serve(session)
        }
    }

    private func timeout() -> Int32 {
        var next = min(
            running.values.lazy.map(\.dueAt).min() ?? .max, sessions.values.lazy.map(\.dueAt).min() ?? .max)
        next = min(next, orphans.dueAt)
        guard next < .max else { return -1 }
        return Int32(clamping: max(0, next - hs_monotonic_ns() / 1_000_000))
    }

    /// Hands back what has ended, one batch for each transport.
    private func report() {
        for batch in ended.values { batch.sink(batch.reports) }
        ended.removeAll(keepingCapacity: true)
    }

    private func note(_ request: CommandRequest, _ ending: AttemptEnding) {
        ended[ObjectIdentifier(request.owner), default: (request.owner.sink, [])].reports.append(
            request.report(ending))
    }

    private func note(_ endings: [StreamDialogue.Ending], of session: StreamSession) {
        guard !endings.isEmpty else { return }
        let now = Moment.now
        ended[ObjectIdentifier(session.transport), default: (session.transport.sink, [])].reports += endings.map {
            AttemptReport(event: $0.event, ending: $0.ending, place: session.place, endedAt: now)
        }
    }
}
