import NATS

/// Messages on their way to a stream: thousands at once, each sent again until the stream has said what became of it, or its
/// time is over. Belongs to the client's thread.
///
/// The stream tells a message that comes again by its `Nats-Msg-Id`, so that one whose answer got lost is stored once.
final class Publisher {
    /// Messages that were handed over together. Their answers are handed back as they come, those that came at once together:
    /// one that is slow holds up no other.
    final class Round {
        /// The frames one behind the other.
        let bytes: [UInt8]
        /// Where each frame ends.
        let ends: [Int]
        /// The first message's number; the others' follow.
        let first: UInt64
        let deadline: Int64
        /// Told of each message's answer once: the messages' places, whose answers stand in the round.
        let told: @Sendable (Round, [Int]) -> Void
        var answers: [PublishAnswer?]
        /// The places whose answers are not told of yet.
        var untold: [Int] = []
        /// Whether a message was sent more than once.
        var wasResent: [Bool]
        var left: Int
        var resendAt: Int64 = 0

        init(
            _ bytes: [UInt8], ends: [Int], first: UInt64, deadline: Int64,
            told: @escaping @Sendable (Round, [Int]) -> Void
        ) {
            self.bytes = bytes
            self.ends = ends
            self.first = first
            self.deadline = deadline
            self.told = told
            answers = Array(repeating: nil, count: ends.count)
            wasResent = Array(repeating: false, count: ends.count)
            left = ends.count
        }

        func frame(_ index: Int) -> ArraySlice<UInt8> { bytes[(index == 0 ? 0 : ends[index - 1])..<ends[index]] }
    }

    /// How soon a message is sent again that the stream could not take just now, in milliseconds.
    private static let soonMilliseconds: Int64 = 200
    /// JetStream's numbers of "not now": no leader, and the like.
    private static let notNow: Set<Int> = [10008, 10009, NATSFault.inProcess]

    private var rounds: [UInt64: Round] = [:]
    private var open: [ObjectIdentifier: Round] = [:]
    /// The rounds that have something to tell.
    private var news: [Round] = []
    /// How many messages wait for their answer.
    private(set) var waiting = 0

    /// Takes messages over. `send` sends, or says that there is no connection.
    func publish(_ round: Round, now: Int64, _ send: ([UInt8]) -> Bool) {
        for index in round.ends.indices { rounds[round.first + UInt64(index)] = round }
        open[ObjectIdentifier(round)] = round
        waiting += round.ends.count
        round.resendAt = send(round.bytes) ? now + ClusterSettings.resendMilliseconds : now
    }

    /// The stream has answered a message.
    func answered(_ number: UInt64, _ answer: PublishAnswer, now: Int64) {
        guard let round = rounds[number] else { return }
        var answer = answer
        let index = Int(number - round.first)
        if case .refused(let fault) = answer, fault.code.map(Publisher.notNow.contains) ?? (fault.kind == .later) {
            round.resendAt = min(round.resendAt, now + Publisher.soonMilliseconds)
            return
        }
        if case .repeated(let sequence) = answer, round.wasResent[index] { answer = .stored(sequence) }
        note(answer, of: index, in: round)
    }

    /// Messages to a subject may not be published: it is of no use to send them again.
    func denied(_ subject: String, _ fault: NATSFault) {
        let beginnings = ["HPUB \(subject) ", "PUB \(subject) "]
        for round in inOrder() {
            for index in round.answers.indices where round.answers[index] == nil {
                let frame = round.frame(index)
                guard beginnings.contains(where: { frame.starts(with: $0.utf8) }) else { continue }
                note(.refused(fault), of: index, in: round)
            }
        }
    }

    /// All that came at once has been looked at: it is handed back.
    func tell() {
        let rounds = news
        news = []
        for round in rounds {
            let places = round.untold
            round.untold = []
            round.told(round, places)
        }
    }

    /// A connection stands: all that has no answer is sent on it.
    func reconnected(now: Int64, _ send: ([UInt8]) -> Bool) {
        for round in inOrder() { resend(round, now: now, send) }
    }

    /// Time has passed.
    func tick(now: Int64, _ send: ([UInt8]) -> Bool) {
        for round in inOrder() where round.resendAt <= now || round.deadline <= now {
            if round.deadline <= now {
                giveUp(round, NATSFault(.later, "the brokers did not confirm that they have it", isUncertain: true))
            } else {
                resend(round, now: now, send)
            }
        }
        tell()
    }

    /// Nothing more will be sent.
    func stop() {
        for round in inOrder() { giveUp(round, NATSFault(.later, "the relay stops", isUncertain: true)) }
        tell()
    }

    private func inOrder() -> [Round] { open.values.sorted { $0.first < $1.first } }

    private func resend(_ round: Round, now: Int64, _ send: ([UInt8]) -> Bool) {
        var bytes: [UInt8] = []
        for index in round.answers.indices where round.answers[index] == nil {
            bytes += round.frame(index)
            round.wasResent[index] = true
        }
        _ = send(bytes)
        round.resendAt = now + ClusterSettings.resendMilliseconds
    }

    private func giveUp(_ round: Round, _ fault: NATSFault) {
        for index in round.answers.indices where round.answers[index] == nil {
            note(.refused(fault), of: index, in: round)
        }
    }

    private func note(_ answer: PublishAnswer, of index: Int, in round: Round) {
        rounds[round.first + UInt64(index)] = nil
        round.answers[index] = answer
        round.left -= 1
        waiting -= 1
        if round.untold.isEmpty { news.append(round) }
        round.untold.append(index)
        if round.left == 0 { open[ObjectIdentifier(round)] = nil }
    }
}
