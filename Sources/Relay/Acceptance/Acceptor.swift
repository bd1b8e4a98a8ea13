import CPlatform
import Delivery
import EventJSON
import EventPattern
import HTTPServer
import Spool

/// The way in: judges, verifies, scans and routes each request, gathers a round's events, and answers them once they are durable.
///
/// One for each event loop, made and used on its thread alone; the board is replaced between rounds.
final class Acceptor: RequestHandler {
    /// An event that waits for its commit.
    private struct Waiting {
        var exchange: Exchange
        /// What its answer says behind the number: routes and targets.
        var decision: [UInt8]
    }

    private let log: any EventLog
    private unowned let loop: EventLoop
    private let counters: AcceptanceCounters
    private var webhookIDs: WebhookIDs
    private var board: Switchboard
    private var scanner: EventScanner
    private var verifiers: [Verifier?]
    private var batch = CommitBatch()
    private var waiting: [Waiting] = []
    private var attributes: [UInt8] = []

    init(board: Switchboard, log: any EventLog, loop: EventLoop, counters: AcceptanceCounters) {
        self.board = board
        self.log = log
        self.loop = loop
        self.counters = counters
        webhookIDs = WebhookIDs()
        scanner = EventScanner(board.paths)
        verifiers = board.sources.map { $0.settings.verify.map(Verifier.init) }
    }

    /// Takes up a new configuration. On the loop's thread.
    func replace(board: Switchboard) {
        self.board = board
        scanner = EventScanner(board.paths)
        verifiers = board.sources.map { $0.settings.verify.map(Verifier.init) }
    }
}
