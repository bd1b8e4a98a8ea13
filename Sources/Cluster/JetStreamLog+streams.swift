import CPlatform
import Glibc
import NATS
import Spool

/// What must be there on the brokers: streams, targets' numbers, consumers. All of it blocks.
extension JetStreamLog {
    private static let pauseNanoseconds = 200_000_000
    /// For how long nothing is said of what the brokers can't do yet: leaders are being chosen.
    private static let quietMilliseconds: Int64 = 2_000

    /// Makes the streams, or gives them these settings.
    func prepareStreams() throws(SpoolError) {
        let nanoseconds: Int64 = 1_000_000
        var events = StreamSettings(
            name: subjects.eventStream, subjects: [subjects.queued], replicas: settings.replicas)
        events.maxAge = settings.retain.wholeMilliseconds * nanoseconds
        events.maxBytes = settings.maxSizeBytes
        events.duplicateWindow = settings.window.wholeMilliseconds * nanoseconds
        var standings = StreamSettings(
            name: subjects.standingStream, subjects: [subjects.standings, subjects.failures],
            replicas: settings.replicas)
        standings.maxAge = events.maxAge
        standings.maxPerSubject = 1
        let targets = StreamSettings(
            name: subjects.targetStream, subjects: [subjects.targets, subjects.slots], replicas: settings.replicas)
        var keys = bucket(subjects.keyStream, subjects.keys)
        keys.maxAge = settings.keys.wholeMilliseconds * nanoseconds
        let words = bucket(subjects.wordStream, subjects.words)
        for stream in [events, standings, targets, keys, words] {
            try patiently("the stream \(stream.name) can't be made") { () throws(NATSFault) in try make(stream) }
        }
    }

    /// Makes a stream, or gives it these settings.
    func make(_ stream: StreamSettings) throws(NATSFault) {
        do throws(NATSFault) {
            try ask(JetStreamAPI.createStream(stream.name), stream.json)
        } catch  where NATSFault.maybeThere.contains(error.code ?? 0) {
            let refusal = error
            do throws(NATSFault) { try ask(JetStreamAPI.updateStream(stream.name), stream.json) } catch {
                if error.code == NATSFault.invalidSettings, try keepsElsewhere(stream) { return }
                throw error.code == NATSFault.streamNotFound ? refusal : error
            }
        }
    }

    /// Gives a stream that is not kept in files the other settings: its storage can't be changed. Whether there was one.
    private func keepsElsewhere(_ stream: StreamSettings) throws(NATSFault) -> Bool {
        let there = try ask(JetStreamAPI.stream(stream.name), []).root[key: "config"]?[key: "storage"]?.string
        guard let there, there != stream.storage else { return false }
        var settings = stream
        settings.storage = there
        try ask(JetStreamAPI.updateStream(stream.name), settings.json)
        return true
    }

    func bucket(_ name: String, _ keys: String) -> StreamSettings {
        var settings = StreamSettings(name: name, subjects: [keys], replicas: settings.replicas)
        settings.maxPerSubject = 1
        settings.isBucket = true
        return settings
    }

    /// Says what of the stream and its brokers makes a 202 less worth.
    func voiceConcerns() {
        // Brokers that don't answer this time are no reason not to start.
        guard let info = try? ask(JetStreamAPI.stream(subjects.eventStream), []) else { return }
        for concern in DurabilityConcern.all(of: info, wanted: settings.replicas, server: board.server) {
            // How old a broker is was said when it was connected to.
            if case .tooOld = concern { continue }
            notice(.concern(concern))
        }
    }

    /// Learns which targets have which numbers.
    func learnTargets() throws(SpoolError) {
        while true {
            let last = board.lastTarget
            var found: StoredMessage?
            try patiently("the targets' numbers can't be read") { () throws(NATSFault) in
                found = try client.message(.next(of: subjects.targets, after: last), of: subjects.targetStream)
            }
            guard let found else { return }
            guard let queue = UInt16(exactly: found.sequence) else {
                throw .tooManyQueues(limit: Int(UInt16.max))
            }
            board.note(QueueID(rawValue: queue), named: String(decoding: found.message.payload, as: UTF8.self))
        }
    }

    /// The queue of a target's name, with its consumer: both are made if they are not there.
    public func queue(named name: String) throws(SpoolError) -> QueueID {
        if board.queue(named: name) == nil { try register(name) }
        guard let queue = board.queue(named: name) else {
            throw .elsewhere(reason: "the brokers gave \(name) no number")
        }
        try patiently("the consumer of \(name) can't be made") { () throws(NATSFault) in
            try makeConsumer(of: Share(queue))
        }
        client.perform { [self] in
            if entries[queue] == nil { entries[queue] = Entry(name, queue) }
            for partition in partitions[queue] ?? [] { entries[queue]?.add(partition) }
        }
        return queue
    }

    /// Makes a consumer, or gives it these settings.
    func makeConsumer(of share: Share) throws(NATSFault) {
        let consumer = self.consumer(of: share)
        do throws(NATSFault) {
            try ask(JetStreamAPI.createConsumer(consumer), consumer.json)
        } catch  where error.kind == .never || error.code == NATSFault.consumerNotMade {
            // One that begins elsewhere in the stream can't be told to begin at its start: it stays as it is.
            let refusal = error
            do throws(NATSFault) { try ask(JetStreamAPI.consumer(consumer.name, of: consumer.stream), []) } catch {
                throw error.code == NATSFault.consumerNotFound ? refusal : error
            }
        }
    }

    func consumer(of share: Share) -> ConsumerSettings {
        ConsumerSettings(
            name: share.consumer, stream: subjects.eventStream, filter: subjects.filter(share),
            ackWait: settings.ackWait.wholeMilliseconds * 1_000_000,
            maxAckPending: share.partition == nil ? ClusterSettings.unfinishedLimit : 1)
    }

    /// Gives a name the next number, unless another relay is faster: the stream takes a name's first message only.
    func register(_ name: String) throws(SpoolError) {
        try patiently("\(name) can't be given a number") { () throws(NATSFault) in
            do throws(NATSFault) {
                let number = try client.publishFirst(subjects.target(name), Array(name.utf8))
                guard let queue = UInt16(exactly: number) else {
                    throw NATSFault(.ours, "there are \(UInt16.max) target names already, and numbers for no more")
                }
                board.note(QueueID(rawValue: queue), named: name, isInOrder: false)
            } catch  where error.isWrongLast {
                // A broker that lags behind may not have it yet.
                let found = try client.message(.last(of: subjects.target(name)), of: subjects.targetStream)
                guard let found, let queue = UInt16(exactly: found.sequence) else {
                    throw NATSFault(.later, "its number can't be read yet")
                }
                board.note(QueueID(rawValue: queue), named: name, isInOrder: false)
            }
        }
    }

    /// Asks JetStream something, and reads the answer.
    @discardableResult
    func ask(_ subject: String, _ payload: [UInt8]) throws(NATSFault) -> APIAnswer {
        APIAnswer(root: try JetStreamAPI.answer(client.call(subject, payload)))
    }

    /// Does something that fails until the brokers are there, for some time; once it takes long, says what it waits for. What no
    /// waiting changes ends it at once.
    func patiently(_ what: String, _ work: () throws(NATSFault) -> Void) throws(SpoolError) {
        let end = steady() + settings.patienceMilliseconds
        var spoken = steady() + JetStreamLog.quietMilliseconds
        while true {
            do throws(NATSFault) { return try work() } catch {
                let reason = board.status.closed ?? error.reason
                guard error.kind != .ours, !error.isFinal, steady() < end else {
                    throw .elsewhere(reason: "\(what): the brokers: \(reason)\(JetStreamLog.advice(error))")
                }
                // Without a connection, that has been said.
                if steady() >= spoken, board.status.closed == nil {
                    notice(.waiting("\(what): \(reason)"))
                    spoken = .max
                }
                var pause = timespec(tv_sec: 0, tv_nsec: JetStreamLog.pauseNanoseconds)
                nanosleep(&pause, nil)
            }
        }
    }

    /// What to do about a refusal that stays.
    private static func advice(_ fault: NATSFault) -> String {
        switch fault.code {
        case NATSFault.invalidSettings, NATSFault.overlap:
            "; let `spool.jetstream.name` be another one, or remove what is in its way"
        default: ""
        }
    }
}
