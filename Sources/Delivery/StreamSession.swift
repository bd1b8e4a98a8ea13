import CPlatform
import Glibc

/// A long-lived command and the dialogue with it: started with the first event, restarted with back-off when it dies, ended
/// by closing its standard input. Owned by the command loop's thread.
final class StreamSession {
    /// The first and the longest wait before a process that died is started again, in milliseconds; doubled each time, and
    /// begun anew once one has answered.
    static let restartMilliseconds: ClosedRange<Int64> = 100...30_000

    /// How long a new process has until it is looked at again whether it has read its first event, in milliseconds: twice as long each time.
    static let listenMilliseconds: ClosedRange<Int64> = 1...50

    /// What descriptors to watch.
    struct Descriptors {
        var process: Int32 = -1
        var input: Int32 = -1
        var output: Int32 = -1
        var error: Int32 = -1
    }

    let transport: StreamTransport
    private var settings: StreamSettings
    private var dialogue: StreamDialogue
    private(set) var descriptors = Descriptors()
    /// The process; 0 for none.
    private var pid: pid_t = 0
    /// Identifies the process to the loop's epoll; a new one each time.
    private(set) var id: UInt64 = 0
    private var chunk: [UInt8] = []
    private var written = 0
    /// How much of the first chunk is written before the process has read that: all of its first event but the end of the line. It can't
    /// have taken the event then, and whatever it has written by then is no answer. `nil` once it is known to be silent.
    private var gate: Int?
    private var listenAt: Int64 = .max
    private var listens = 0
    private var tail = OutputTail()
    private var failures = 0
    private var restartAt: Int64 = 0
    /// Why it is made to end, and when something more must be done about it.
    private var stopReason: String?
    private var killAt: Int64 = .max
    private var signalsSent = 0
    /// New settings, taken up when all is answered.
    private var next: StreamSettings?
    private(set) var isRetired = false

    init(_ transport: StreamTransport, _ settings: StreamSettings) {
        self.transport = transport
        self.settings = settings
        dialogue = StreamDialogue(timeoutMilliseconds: settings.timeoutMilliseconds)
    }

    var isRunning: Bool { pid != 0 }
    /// Whether it waits until more can be written.
    var wantsToWrite: Bool { written < chunk.count }
    var place: String { settings.place }

    /// When `tick` is to be called, by the steady clock in milliseconds.
    var dueAt: Int64 {
        guard isRunning else { return dialogue.hasWaiting && !isRetired ? restartAt : .max }
        return min(killAt, listenAt, signalsSent == 0 ? dialogue.overdueAt ?? .max : .max)
    }

    /// Takes events.
    func add(_ lines: [StreamDialogue.Line]) { dialogue.add(lines) }

    /// Works by new settings once what was written is answered.
    func update(_ settings: StreamSettings) { next = settings }

    /// Starts the process if it is wanted and its time has come. Answers endings if that failed.
    func startIfWanted(now: Int64, id: @autoclosure () -> UInt64) -> [StreamDialogue.Ending] {
        guard !isRunning, !isRetired, dialogue.hasWaiting, now >= restartAt else { return [] }
        if let next { adopt(next) }
        switch open() {
        case .success: self.id = id()
        case .failure(let fault):
            delayRestart(now)
            return dialogue.abandon(fault.ending)
        }
        return []
    }

    private func adopt(_ settings: StreamSettings) {
        self.settings = settings
        dialogue.timeoutMilliseconds = settings.timeoutMilliseconds
        next = nil
        failures = 0
    }

    private func open() -> Result<Void, AttemptFault> {
        var ends = [[Int32]](repeating: [-1, -1], count: 3)
        for index in ends.indices where hs_pipe(&ends[index]) != 0 {
            let reason = "no pipe for a command: \(String(cString: strerror(errno)))"
            for end in ends.joined() where end >= 0 { close(end) }
            return .failure(AttemptFault(ending: .broken(reason: reason)))
        }
        let result = settings.start.spawn(input: ends[0][0], output: ends[1][1], error: ends[2][1])
        for end in [ends[0][0], ends[1][1], ends[2][1]] { close(end) }
        switch result {
        case .failure(let fault):
            for end in [ends[0][1], ends[1][0], ends[2][0]] { close(end) }
            return .failure(fault)
        case .success(let started):
            pid = started.pid
            descriptors = Descriptors(
                process: started.process, input: ends[0][1], output: ends[1][0], error: ends[2][0])
            for end in [ends[0][1], ends[1][0], ends[2][0]] { _ = hs_set_nonblocking(end) }
            (stopReason, killAt, signalsSent) = (nil, .max, 0)
            (chunk, written, tail) = ([], 0, OutputTail())
            (dialogue.isHeard, gate, listenAt, listens) = (false, nil, .max, 0)
            return .success(())
        }
    }

    /// Writes what its standard input takes.
    func write(now: Int64) {
        guard isRunning, descriptors.input >= 0, stopReason == nil else { return }
        if next != nil || isRetired {
            if !wantsToWrite && !dialogue.isOwedAnswers { closeInput(now) }
            if !wantsToWrite { return }
        }
        while true {
            if !wantsToWrite {
                guard next == nil, !isRetired else { return }
                (chunk, written) = (dialogue.nextChunk(now: now), 0)
                if chunk.isEmpty { return }
                if !dialogue.isHeard { gate = chunk.firstIndex(of: 0x0A) }
            }
            let limit = gate ?? chunk.count
            if written == limit {
                if listenAt == .max { listenAt = now + StreamSession.listenMilliseconds.lowerBound }
                return
            }
            let count = chunk.withUnsafeBytes {
                Glibc.write(descriptors.input, $0.baseAddress! + written, limit - written)
            }
            if count > 0 { written += count; continue }
            if errno == EINTR { continue }
            if errno != EAGAIN {
                // It reads no more: with its end comes what became of the events.
                (chunk, written) = ([], 0)
                end("the command closed its standard input", now: now)
            }
            return
        }
    }

    /// Hears what the process has written while no event of its own was without an answer, before it is given one: that is no answer.
    func listen(_ buffer: UnsafeMutableRawBufferPointer, now: Int64) -> [StreamDialogue.Ending] {
        let isTime = gate != nil ? now >= listenAt : !dialogue.isOwedAnswers && dialogue.hasWaiting
        guard isRunning, stopReason == nil, isTime else { return [] }
        var unread: Int32 = 0
        // Before its output: what it wrote ere it had read the event is there by then.
        let hasRead = gate != nil && ioctl(descriptors.input, UInt(FIONREAD), &unread) == 0 && unread == 0
        let endings = read(buffer, now: now)
        if hasRead {
            (dialogue.isHeard, gate, listenAt) = (true, nil, .max)
        } else if gate != nil {
            let wait = StreamSession.listenMilliseconds.lowerBound << Int64(min(listens, 10))
            listenAt = now + min(wait, StreamSession.listenMilliseconds.upperBound)
            listens += 1
        }
        return endings
    }

    /// Reads answers; what ended is the answer.
    func read(_ buffer: UnsafeMutableRawBufferPointer, now: Int64) -> [StreamDialogue.Ending] {
        var endings: [StreamDialogue.Ending] = []
        for _ in 0..<RunningCommand.readsATurn where descriptors.output >= 0 {
            let count = Glibc.read(descriptors.output, buffer.baseAddress, buffer.count)
            if count < 0 && errno == EINTR { continue }
            if count < 0 && errno == EAGAIN { break }
            guard count > 0 else {
                close(descriptors.output)
                descriptors.output = -1
                end("the command closed its standard output", now: now)
                break
            }
            do throws(StreamDialogue.Fault) {
                try dialogue.received(
                    UnsafeRawBufferPointer(rebasing: buffer[..<count]), now: now, &endings)
            } catch {
                // Nothing that it writes from now on is an answer.
                close(descriptors.output)
                descriptors.output = -1
                tail.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                if stopReason == nil && !isRetired && next == nil {
                    transport.tell("the command broke the dialogue and is started again: \(error.reason)")
                }
                end("the command broke the dialogue: \(error.reason)", now: now)
                break
            }
        }
        if !endings.isEmpty && stopReason == nil { failures = 0 }
        return endings
    }

    /// Reads what it wrote on standard error.
    func readError(_ buffer: UnsafeMutableRawBufferPointer) {
        for _ in 0..<RunningCommand.readsATurn where descriptors.error >= 0 {
            let count = Glibc.read(descriptors.error, buffer.baseAddress, buffer.count)
            if count > 0 {
                tail.add(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
            } else if count < 0 && errno == EINTR {
                continue
            } else if count < 0 && errno == EAGAIN {
                return
            } else {
                close(descriptors.error)
                descriptors.error = -1
            }
        }
    }

    /// Time has passed: what is overdue is ended, what was told to end and did not is killed.
    func tick(now: Int64) {
        guard isRunning else { return }
        if now >= killAt {
            signal(signalsSent == 0 ? SIGTERM : SIGKILL, now: now)
        } else if signalsSent == 0, let overdue = dialogue.overdueAt, now >= overdue {
            end("timeout: no answer after \(settings.timeoutMilliseconds) ms, its process group was killed", now: now)
        }
    }

    /// Asks the process group to end.
    private func end(_ reason: String, now: Int64) {
        stopReason = stopReason ?? reason
        listenAt = .max
        if signalsSent == 0 { signal(SIGTERM, now: now) }
    }

    private func signal(_ number: Int32, now: Int64) {
        kill(-pid, number)
        signalsSent += 1
        killAt = number == SIGKILL ? .max : now + RunningCommand.killMilliseconds
    }

    /// Collects the process once it has ended; `nil` if it has not, else what ended with it.
    func collect(_ buffer: UnsafeMutableRawBufferPointer, now: Int64) -> [StreamDialogue.Ending]? {
        guard isRunning else { return nil }
        // Before it is collected nobody else can have its number.
        kill(-pid, signalsSent == 0 ? SIGTERM : SIGKILL)
        var code: Int32 = 0
        let how = hs_reap(pid, &code)
        guard how != 0 else { return nil }
        // It may have answered before it ended; its number may be somebody else's now.
        signalsSent = max(signalsSent, 1)
        var endings = stopReason == nil ? read(buffer, now: now) : []
        readError(buffer)
        let isOurs = isRetired || next != nil
        let said = how == 1 ? "the command ended with exit \(code)" : "the command was killed by signal \(code)"
        endings += dialogue.ended(
            stopReason.map { $0.hasPrefix("the command closed") ? said : $0 } ?? said, output: tail.bytes,
            byOurWord: isOurs)
        closeAll()
        if !isOurs { delayRestart(now) }
        return endings
    }

    /// Ends what is under way at once; everything counts as not tried.
    func cancel(now: Int64) -> [StreamDialogue.Ending] {
        if isRunning { end("stopped", now: now) }
        return dialogue.abandon(.cancelled)
    }

    /// Is not needed any more: standard input is closed once all is answered, and time is given to end.
    func retire(now: Int64) {
        isRetired = true
        write(now: now)
    }

    /// Kills it without further ado, for the relay's own end.
    func abandon() -> [StreamDialogue.Ending] {
        if isRunning { CommandStart.abandon(pid) }
        closeAll()
        return dialogue.abandon(.cancelled)
    }

    private func closeInput(_ now: Int64) {
        close(descriptors.input)
        descriptors.input = -1
        killAt = min(killAt, now + RunningCommand.killMilliseconds)
    }

    private func closeAll() {
        for end in [descriptors.process, descriptors.input, descriptors.output, descriptors.error] where end >= 0 {
            close(end)
        }
        descriptors = Descriptors()
        pid = 0
        (chunk, written, killAt) = ([], 0, .max)
        (gate, listenAt) = (nil, .max)
    }

    private func delayRestart(_ now: Int64) {
        let wait = StreamSession.restartMilliseconds.lowerBound << Int64(min(failures, 10))
        restartAt = now + min(wait, StreamSession.restartMilliseconds.upperBound)
        failures += 1
    }
}
