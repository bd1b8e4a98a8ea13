import Testing

@testable import Delivery

struct AWSAnswerTests {
    private func ending(_ body: String, status: Int = 200) -> AttemptEnding {
        AWSAnswer.ending(.answered(.init(status: status, body: Array(body.utf8))))
    }

    @Test(arguments: [
        #"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"ThrottlingException","ErrorMessage":"slow down"}]}"#,
        #"{"Entries":[{"ErrorCode":"ThrottlingException","ErrorMessage":"slow down"}],"FailedEntryCount" : 1}"#,
        #"{"FailedRecordCount": 2, "Records": [{"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}]}"#,
        #"{"Successful":[],"Failed": [ {"Id":"1","Code":"ThrottlingException","Message":"slow down"}]}"#,
    ]) func entriesThatFailedAreAFailureThoughTheStatusIsGood(body: String) {
        guard case .broken(let reason, let output) = ending(body) else {
            Issue.record("it was taken for a delivery")
            return
        }
        #expect(reason == "HTTP 200: AWS did not take it: ThrottlingException: slow down")
        #expect(output == Array(body.utf8))
        #expect(Verdict(ending(body), policy: RetryPolicy(), now: 0) == .again)
    }

    @Test(arguments: [
        #"{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}"#, #"{"Successful":[{"Id":"1"}],"Failed":[ ]}"#,
        #"{"MessageId":"1"}"#, "", "FailedEntryCount",
    ]) func whatWasTakenIsADelivery(body: String) {
        #expect(ending(body) == .answered(.init(status: 200, body: Array(body.utf8))))
    }

    @Test func anotherStatusSpeaksForItselfAndNoMoreIsKeptThanEver() {
        let body = #"{"FailedEntryCount":1}"# + String(repeating: " ", count: 4000)
        guard case .answered(let answer) = ending(body, status: 400) else {
            Issue.record("the status was lost")
            return
        }
        #expect(answer.status == 400)
        #expect(answer.body.count == AttemptEnding.Answer.keptBodyBytes)
    }
}
