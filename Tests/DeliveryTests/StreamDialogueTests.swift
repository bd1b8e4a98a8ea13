import Spool
import Testing

@testable import Delivery

struct StreamDialogueTests {
    private func dialogue(_ events: [EventNumber]) -> StreamDialogue {
        var dialogue = StreamDialogue(timeoutMilliseconds: 1000)
        dialogue.add(events.map { .init(event: $0, bytes: Array("{\"n\":\($0)}\n".utf8)) })
        return dialogue
    }

    private func receive(_ text: String, _ dialogue: inout StreamDialogue) throws -> [StreamDialogue.Ending] {
        var endings: [StreamDialogue.Ending] = []
        var fault: StreamDialogue.Fault?
        Array(text.utf8).withUnsafeBytes { bytes in
            do throws(StreamDialogue.Fault) { try dialogue.received(bytes, now: 900, &endings) } catch { fault = error }
        }
        if let fault { throw fault }
        return endings
    }

    @Test func answersBelongToTheEventsInTheirOrderHoweverTheyAreCut() throws {
        var under = dialogue([1, 2, 3])
        #expect(String(decoding: under.nextChunk(now: 0), as: UTF8.self) == "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n")
        #expect(try receive("{\"ok\":tr", &under).isEmpty)
        let first = try receive("ue}\n\n{ \"ok\" : true }\r\n", &under)
        #expect(first.map(\.event) == [1, 2])
        #expect(first.allSatisfy { $0.ending == .written })
        #expect(under.isOwedAnswers)
    }

    @Test func aRefusalIsTriedAgainUnlessItSaysOtherwise() throws {
        var under = dialogue([1, 2, 3, 4])
        _ = under.nextChunk(now: 0)
        let endings = try receive(
            #"{"ok":false,"error":"locked"}"# + "\n" + #"{"ok":false,"retry":false,"error":"no such order"}"# + "\n"
                + #"{"ok":false,"retry":true}"# + "\nnonsense\n", &under)
        #expect(endings[0].ending == .broken(reason: "locked"))
        #expect(endings[1].ending == .unfit(reason: "no such order"))
        #expect(endings[2].ending == .broken(reason: "the command answered that it is not ok"))
        #expect(endings[3].ending == .broken(reason: "the command's answer has no \"ok\": nonsense"))
    }

    @Test func whenTheProcessDiesTheFirstWithoutAnAnswerIsToBlameAndTheRestIsUntried() throws {
        var under = dialogue([1, 2, 3])
        _ = under.nextChunk(now: 0)
        under.add([.init(event: 4, bytes: [0x0A])])
        _ = try receive("{\"ok\":true}\n{\"o", &under)
        let endings = under.ended("killed by signal 9", output: [])
        #expect(endings.map(\.event) == [2, 3])
        #expect(endings.map(\.ending) == [.broken(reason: "killed by signal 9"), .cancelled])
        #expect(under.hasWaiting, "what was not written waits for the next process")
        _ = under.nextChunk(now: 5)
        #expect(
            try receive("{\"ok\":true}\n", &under).map(\.event) == [4], "half an answer of the former one is forgotten")
    }

    @Test func aProcessThatEndsBeforeItHasReadAnythingCostsTheFirstThatWaitsAnAttempt() {
        var under = dialogue([1, 2])
        under.isHeard = false
        #expect(under.ended("exit 1", output: [], byOurWord: true).isEmpty)
        let endings = under.ended("exit 1", output: [])
        #expect(endings.map(\.event) == [1])
        #expect(endings[0].ending == .broken(reason: "exit 1", output: []))
        #expect(String(decoding: under.nextChunk(now: 0), as: UTF8.self) == "{\"n\":2}\n")
        under.isHeard = true
        _ = under.ended("exit 1", output: [])
        under.add([.init(event: 3, bytes: Array("{\"n\":3}\n".utf8))])
        #expect(under.ended("exit 1", output: []).isEmpty, "it had worked before")
    }

    @Test func anEventMustBeAnsweredInTime() throws {
        var under = dialogue([1, 2])
        #expect(under.overdueAt == nil)
        _ = under.nextChunk(now: 500)
        #expect(under.overdueAt == 1500)
        _ = try receive("{\"ok\":true}\n", &under)
        #expect(under.overdueAt == 1900, "the next one's time begins with the answer before it")
    }

    @Test func whatIsNoDialogueIsAFault() throws {
        var under = dialogue([1])
        #expect(throws: StreamDialogue.Fault.self) { try receive("{\"ok\":true}\n", &under) }
        var long = dialogue([1])
        _ = long.nextChunk(now: 0)
        #expect(throws: StreamDialogue.Fault.self) {
            try receive(String(repeating: "x", count: StreamDialogue.answerLimitBytes + 1), &long)
        }
    }

    @Test func manyEventsGoOutInChunksAndMemoryDoesNotGrow() throws {
        var under = StreamDialogue(timeoutMilliseconds: 1000)
        var answered = 0
        for round in 0..<200 {
            under.add(
                (1...100).map { .init(event: EventNumber(rawValue: UInt64(round * 100 + $0)), bytes: [0x7B, 0x0A]) })
            #expect(under.nextChunk(now: 0).count == 200)
            answered += try receive(String(repeating: "{\"ok\":true}\n", count: 100), &under).count
        }
        #expect(answered == 20_000)
        #expect(!under.isOwedAnswers)
        #expect(!under.hasWaiting)
    }
}
