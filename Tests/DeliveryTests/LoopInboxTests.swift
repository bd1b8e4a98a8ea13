import CPlatform
import Dispatch
import Glibc
import Testing

@testable import Delivery

struct LoopInboxTests {
    /// Whether the bell rings within so many milliseconds.
    private func rings(_ inbox: LoopInbox<Int>, within milliseconds: Int32) -> Bool {
        var event = epoll_event()
        return hs_epoll_wait(inbox.epoll, &event, 1, milliseconds) == 1
            && hs_epoll_token(&event) == LoopInbox<Int>.inboxToken
    }

    @Test func whatIsSentRingsOnceAndIsTakenInItsOrder() throws {
        let inbox = try #require(LoopInbox<Int>())
        #expect(!rings(inbox, within: 0))
        inbox.send([1, 2])
        inbox.send([])
        inbox.send([3])
        #expect(rings(inbox, within: 1000))
        #expect(inbox.takeMessages() == [1, 2, 3])
        #expect(!rings(inbox, within: 0))
        #expect(inbox.takeMessages() == [])
    }

    @Test func nothingSentFromManyThreadsIsLost() throws {
        let inbox = try #require(LoopInbox<Int>())
        let group = DispatchGroup()
        for sender in 0..<4 {
            DispatchQueue.global().async(group: group) {
                for number in 0..<5000 { inbox.send([sender * 5000 + number]) }
            }
        }
        var taken: [Int] = []
        while taken.count < 20_000, rings(inbox, within: 20_000) { taken += inbox.takeMessages() }
        #expect(taken.sorted() == Array(0..<20_000))
        for sender in 0..<4 {
            let ofSender = taken.filter { $0 / 5000 == sender }
            #expect(ofSender == ofSender.sorted())
        }
    }
}
