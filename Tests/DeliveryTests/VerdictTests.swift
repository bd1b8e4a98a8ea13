import Testing

@testable import Delivery

struct VerdictTests {
    private func verdict(
        _ status: Int, retryAfter: RetryAfter? = nil, on: Set<Int> = [], final: Set<Int> = []
    ) -> Verdict {
        var policy = RetryPolicy()
        policy.retriedStatuses.statuses = on
        policy.finalStatuses.statuses = final
        return Verdict(.answered(.init(status: status, retryAfter: retryAfter)), policy: policy, now: 1000)
    }

    @Test(arguments: 200...299) func every2xxIsDone(status: Int) {
        #expect(verdict(status) == .done)
        #expect(verdict(status, retryAfter: .seconds(5), final: [status]) == .done)
    }

    @Test(arguments: 300...399) func aRedirectIsFinal(status: Int) {
        #expect(verdict(status) == .final)
    }

    @Test(arguments: 400...499) func every4xxIsFinalButThoseThatPass(status: Int) {
        switch status {
        case 408, 425, 429: #expect(verdict(status) == .again)
        case 401, 403, 407: #expect(verdict(status) == .ours)
        default: #expect(verdict(status) == .final)
        }
    }

    @Test(arguments: 500...599) func every5xxIsTriedAgain(status: Int) {
        #expect(verdict(status) == .again)
    }

    @Test(arguments: [300, 302, 400, 404, 410, 422, 499]) func retryOnMovesAFinalStatusToTheOtherSide(status: Int) {
        #expect(verdict(status, on: [status]) == .again)
        #expect(verdict(status, on: [status + 1]) == .final)
    }

    @Test(arguments: [401, 403, 407, 408, 425, 429, 500, 503, 599])
    func retryFinalMovesARetriedStatusToTheOtherSide(status: Int) {
        #expect(verdict(status, final: [status]) == .final)
        #expect(verdict(status, retryAfter: .seconds(5), final: [status]) == .final)
    }

    @Test func aStatusThatIsNamedComesBeforeItsClass() {
        func verdict(_ status: Int, _ change: (inout RetryPolicy) -> Void) -> Verdict {
            var policy = RetryPolicy()
            change(&policy)
            return Verdict(.answered(.init(status: status)), policy: policy, now: 0)
        }
        func exceptA404(_ policy: inout RetryPolicy) {
            policy.retriedStatuses.classes = [4]
            policy.finalStatuses.statuses = [404]
        }
        #expect(verdict(404, exceptA404) == .final)
        #expect(verdict(410, exceptA404) == .again)
        func onlyA503(_ policy: inout RetryPolicy) {
            policy.retriedStatuses.statuses = [503]
            policy.finalStatuses.classes = [5]
        }
        #expect(verdict(503, onlyA503) == .again)
        #expect(verdict(500, onlyA503) == .final)
        #expect(verdict(429, onlyA503) == .again)
    }

    @Test(arguments: [401, 408, 429, 500, 503]) func retryAfterHoldsTheWholeTarget(status: Int) {
        #expect(verdict(status, retryAfter: .seconds(30)) == .held(milliseconds: 30_000))
        #expect(verdict(status, retryAfter: .at(8000)) == .held(milliseconds: 7000))
        #expect(verdict(status, retryAfter: .seconds(1_000_000)) == .held(milliseconds: 3_600_000))
    }

    @Test func retryAfterInThePastHoldsNothing() {
        #expect(verdict(503, retryAfter: .at(999)) == .again)
        #expect(verdict(429, retryAfter: .seconds(0)) == .again)
        #expect(verdict(401, retryAfter: .at(0)) == .ours)
    }

    @Test func retryAfterOnAFinalAnswerChangesNothing() {
        #expect(verdict(404, retryAfter: .seconds(30)) == .final)
        #expect(verdict(404, retryAfter: .seconds(30), on: [404]) == .held(milliseconds: 30_000))
    }

    @Test func whatHasNoStatusIsJudgedByItsKind() {
        func verdict(_ ending: AttemptEnding) -> Verdict { Verdict(ending, policy: RetryPolicy(), now: 0) }
        #expect(verdict(.written) == .done)
        #expect(verdict(.broken(reason: "connection reset")) == .again)
        #expect(verdict(.unfit(reason: "no JSON")) == .final)
        #expect(verdict(.cancelled) == .untried)
    }

    @Test func anExitIsDoneFinalOrTriedAgain() {
        func verdict(_ code: Int32) -> Verdict {
            Verdict(.exited(code: code, output: []), policy: RetryPolicy(), finalExits: [3, 65], now: 0)
        }
        #expect(verdict(0) == .done)
        #expect(verdict(75) == .again)
        #expect(verdict(1) == .again)
        #expect(verdict(65) == .final)
        #expect(verdict(3) == .final)
    }

    @Test func aFaultIsSaidInWords() {
        func fault(_ status: Int, _ location: String? = nil) -> String? {
            AttemptEnding.answered(.init(status: status, location: location)).fault
        }
        #expect(fault(204) == nil)
        #expect(fault(500) == "HTTP 500")
        #expect(fault(403) == "HTTP 403: the target refuses our credentials")
        #expect(fault(302, "http://b/") == "HTTP 302: redirect to http://b/, which is not followed")
        #expect(fault(304) == "HTTP 304")
        #expect(AttemptEnding.written.fault == nil)
        #expect(AttemptEnding.exited(code: 0, output: [1]).fault == nil)
        #expect(AttemptEnding.exited(code: 75, output: []).fault == "exit 75 (EX_TEMPFAIL)")
        #expect(AttemptEnding.exited(code: 2, output: []).fault == "exit 2")
        #expect(AttemptEnding.broken(reason: "DNS: no").fault == "DNS: no")
    }
}
