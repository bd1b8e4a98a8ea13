import Synchronization

/// The switchboard in force: replaced by a reload, taken up by each loop at its next request. May be used from any thread.
final class CurrentBoard: Sendable {
    private let board: Mutex<Switchboard>
    private let editionNumber = Atomic(0)

    init(_ board: Switchboard) { self.board = Mutex(board) }

    /// Counts the replacements: a look at it costs nothing, so it may be had for every request.
    var edition: Int { editionNumber.load(ordering: .acquiring) }

    /// The board and its edition.
    func current() -> (board: Switchboard, edition: Int) {
        board.withLock { ($0, editionNumber.load(ordering: .relaxed)) }
    }

    func replace(_ new: Switchboard) {
        board.withLock {
            $0 = new
            editionNumber.add(1, ordering: .releasing)
        }
    }
}
