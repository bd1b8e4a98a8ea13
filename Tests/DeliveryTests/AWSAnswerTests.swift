import Testing

@testable import Delivery

struct AWSAnswerTests {
    private func ending(_ body: String, status: Int = 200) -> AttemptEnding {
        AWSAnswer.ending(.answered(.init(status: status, body: Array(body.utf8))), of: .entries)
    }

    private func verdict(_ body: String, status: Int = 200) -> Verdict {
        Verdict(ending(body, status: status), policy: RetryPolicy(), now: 0)
    }

    @Test(arguments: [
        #"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"ThrottlingException","ErrorMessage":"slow down"}]}"#,
        #"{"Entries":[{"EventId":"1"},{"ErrorCode":"ThrottlingException","ErrorMessage":"slow down"}],"FailedEntryCount" : 1}"#,
        #"{"FailedRecordCount": 2, "Records": [{"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}]}"#,
        #"{"Successful":[],"Failed": [ {"Id":"1","SenderFault":true,"Code":"ThrottlingException","Message":"slow down"}]}"#,
        "<PublishBatchResponse><PublishBatchResult><Failed><member><Code>ThrottlingException</Code><Message>slow down</Message></member></Failed></PublishBatchResult></PublishBatchResponse>",
        "<SendMessageBatchResult><BatchResultErrorEntry><Id>1</Id><Code>ThrottlingException</Code><Message>slow down</Message></BatchResultErrorEntry></SendMessageBatchResult>",
    ]) func entriesThatFailedAreAFailureThoughTheStatusIsGood(body: String) {
        let ending = ending(body)
        #expect(ending.fault == "HTTP 200: AWS did not take it: ThrottlingException: slow down")
        #expect(verdict(body) == .again)
        #expect(ending.targetIsUp(finalExits: []) == true)
        #expect(ending.isOverload == true)
        #expect(FailureCause(ending) == .http4xx)
        guard case .answered(let answer) = ending else {
            Issue.record("the answer was lost")
            return
        }
        #expect(answer.status == 200 && answer.body == Array(body.utf8))
    }

    @Test(arguments: [
        "InternalFailure", "InternalException", "InternalError", "ServiceUnavailableException", "KMSInternalException",
        "ProvisionedThroughputExceededException", "RequestThrottled", "SomethingNew",
    ]) func whatPassesIsTriedAgain(code: String) {
        #expect(verdict(#"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"\#(code)"}]}"#) == .again)
    }

    @Test(arguments: [
        "InvalidArgument", "MalformedDetail", "InvalidParameterValue", "InvalidMessageContents", "UnsupportedOperation",
        "NotAuthorizedForSourceException", "MissingParameter", "ValidationException",
    ]) func whatTheEventItselfIsAtFaultForIsFinal(code: String) {
        let body = #"{"FailedEntryCount":1,"Entries":[{"ErrorCode":"\#(code)","ErrorMessage":"no \"Detail\""}]}"#
        #expect(verdict(body) == .final)
        #expect(ending(body).fault == "HTTP 200: AWS did not take it: \(code): no \"Detail\"")
    }

    @Test(arguments: [
        #"{"Failed":[{"Id":"1","SenderFault":true,"Code":"SomethingNew","Message":"no"}]}"#,
        "<Failed><member><Id>1</Id><Code>SomethingNew</Code><SenderFault>true</SenderFault></member></Failed>",
    ]) func aSendersFaultIsFinal(body: String) {
        #expect(verdict(body) == .final)
        #expect(verdict(body.replacing("true", with: "false")) == .again)
    }

    @Test(arguments: ["AccessDeniedException", "NotAuthorizedException", "ExpiredTokenException"])
    func aMissingPermissionIsOurs(code: String) {
        #expect(verdict(#"{"Failed":[{"Id":"1","SenderFault":true,"Code":"\#(code)"}]}"#) == .ours)
        #expect(verdict(#"{"__type":"\#(code)","message":"no"}"#, status: 400) == .ours)
    }

    @Test func oneThatPassesHasAllTriedAgain() {
        let body =
            #"{"Failed":[{"Code":"InvalidParameterValue","SenderFault":true},{"Code":"InternalError","SenderFault":false}]}"#
        #expect(verdict(body) == .again)
        #expect(ending(body).fault == "HTTP 200: AWS did not take it: InternalError")
    }

    @Test func anAnswerThatIsCutOffIsTriedAgainIfSomeFailed() {
        #expect(verdict(#"{"FailedRecordCount":3,"Records":[{"ErrorCode":"Invalid"#) == .again)
        #expect(verdict(#"{"FailedRecordCount":0,"Records":[{"Sequence"#) == .done)
        #expect(verdict(#"{"FailedPutCount":3}"#) == .again)
    }

    @Test(arguments: [
        #"{"FailedEntryCount":0,"Entries":[{"EventId":"1"}]}"#, #"{"Successful":[{"Id":"1"}],"Failed":[ ]}"#,
        #"{"MessageId":"1"}"#, "", "FailedEntryCount", "null", "[]", "3", "<", "<Failed/>", "<Failed></Failed>",
        #"{"Failed":3,"Entries":{"ErrorCode":"x"},"FailedEntryCount":"1"}"#,
    ]) func whatWasTakenIsADelivery(body: String) {
        #expect(ending(body) == .answered(.init(status: 200, body: Array(body.utf8))))
    }

    @Test func aRequestThatWasThrottledIsTriedAgainWhateverItsStatus() {
        #expect(verdict(#"{"__type":"com.amazonaws.sqs#RequestThrottled","message":"slow"}"#, status: 400) == .again)
        #expect(verdict("<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>", status: 403) == .again)
        #expect(verdict(#"{"__type":"InternalFailure"}"#, status: 400) == .again)
    }

    @Test func anotherFaultOfTheRequestIsWhatItsStatusSaysWithItsReason() {
        let body = #"{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"no such queue"}"#
        #expect(verdict(body, status: 400) == .final)
        #expect(ending(body, status: 400).fault == "HTTP 400: AWS did not take it: QueueDoesNotExist: no such queue")
        #expect(verdict(body, status: 403) == .ours)
        #expect(verdict("", status: 400) == .final)
        #expect(ending("", status: 400).fault == "HTTP 400")
    }

    @Test func aFunctionThatFailedIsTriedAgainThoughTheStatusIsGood() {
        var answer = AttemptEnding.Answer(
            status: 200, body: Array(#"{"errorMessage":"no table","errorType":"KeyError"}"#.utf8))
        answer.hasFunctionError = true
        let failed = AWSAnswer.ending(.answered(answer), of: .function)
        #expect(failed.fault == "HTTP 200: AWS did not take it: the function failed: no table")
        #expect(Verdict(failed, policy: RetryPolicy(), now: 0) == .again)
        answer.body = []
        #expect(
            AWSAnswer.ending(.answered(answer), of: .function).fault
                == "HTTP 200: AWS did not take it: it does not say why")
    }

    @Test func whatAFunctionAnswersIsItsOwn() {
        let answer = AttemptEnding.Answer(status: 200, body: Array(#"{"Failed":[{"Code":"x"}]}"#.utf8))
        #expect(AWSAnswer.ending(.answered(answer), of: .function) == .answered(answer))
    }

    @Test(arguments: ["lambda", "sqs", "events", "kinesis"]) func onlyLambdaHasFunctions(service: String) {
        #expect((AWSAnswer.Subject(service: service) == .function) == (service == "lambda"))
    }

    @Test func noMoreIsKeptThanEver() {
        let body = #"{"FailedEntryCount":1}"# + String(repeating: " ", count: 4000)
        guard case .answered(let answer) = ending(body, status: 400) else {
            Issue.record("the status was lost")
            return
        }
        #expect(answer.status == 400)
        #expect(answer.body.count == AttemptEnding.Answer.keptBodyBytes)
    }
}
