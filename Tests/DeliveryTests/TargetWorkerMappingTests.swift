import Spool
import Testing

@testable import Delivery

struct TargetWorkerMappingTests {
    private func isUp(_ ending: AttemptEnding, finalExits: Set<Int32> = []) -> Bool? {
        ending.targetIsUp(finalExits: finalExits)
    }

    @Test(arguments: [200, 204, 301, 400, 404, 410, 422, 425, 429]) func anAnswerMeansThatTheTargetWorks(status: Int) {
        #expect(isUp(.answered(.init(status: status))) == true)
    }

    @Test(arguments: [401, 403, 407, 408, 500, 502, 503, 599]) func theseAnswersMeanThatItDoesNot(status: Int) {
        #expect(isUp(.answered(.init(status: status))) == false)
    }

    @Test func anExitThatIsFinalIsAboutTheEventNotTheTarget() {
        #expect(isUp(.exited(code: 0, output: [])) == true)
        #expect(isUp(.exited(code: 65, output: [])) == false)
        #expect(isUp(.exited(code: 65, output: []), finalExits: [65]) == true)
        #expect(isUp(.exited(code: 75, output: []), finalExits: [65]) == false)
    }

    @Test func whatSaysNothingOfTheTargetLeavesTheBreakerAlone() {
        #expect(isUp(.written) == true)
        #expect(isUp(.broken(reason: "connection refused")) == false)
        #expect(isUp(.unfit(reason: "no JSON")) == nil)
        #expect(isUp(.cancelled) == nil)
    }

    @Test func aRecordThatCannotBeReadIsTriedAgainUnlessItIsDamaged() {
        guard case .unfit = AttemptEnding.unreadable(SpoolError.damaged(segment: 1, offset: 2, reason: "checksum")),
            case .broken = AttemptEnding.unreadable(SpoolError.system(call: "pread", path: "1.seg", errno: 5)),
            case .unfit = AttemptEnding.unreadable(EventAttributes.CodingError(reason: "cut off"))
        else {
            Issue.record("a fault of the disk and a damaged record are mixed up")
            return
        }
    }

    @Test func aFileIsOfferedManyLinesAtOnceAndTheOthersWhatIsConfigured() throws {
        #expect(try TargetSettings.file("/tmp/x").gatheredConcurrency == FileTransport.gatheredLines)
        #expect(try TargetSettings.http().gatheredConcurrency == 16)
        #expect(try TargetSettings.command(["true"]).gatheredConcurrency == 4)
    }

    @Test func anEventIsWhatItsRecordSays() throws {
        var attributes: [UInt8] = []
        Attempt.of().event.attributes.encode(into: &attributes)
        let stored = StoredEvent(number: 7, receivedAt: 5, owed: [], attributes: attributes, body: [1, 2])
        let event = try Event(stored)
        #expect(event.number == 7)
        #expect(event.receivedAt == 5)
        #expect(event.attributes == Attempt.of().event.attributes)
        #expect(event.body == [1, 2])
    }
}
