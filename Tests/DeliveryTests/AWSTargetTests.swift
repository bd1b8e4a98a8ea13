import Testing

@testable import Delivery

/// A target that is a service of AWS, by either way to an endpoint: a fragment in its URL has libcurl make the request.
struct AWSTargetTests {
    private func ending(
        _ service: String, path: String, fields: [String] = [], body: String
    ) async throws -> AttemptEnding {
        let aws = AWSSettings(
            service: service, region: "eu-central-1", accessKeyID: "AKIA", secretAccessKey: "secret")
        let under = try HTTPTransportTests.HTTPUnderTest(path: path, { $0.aws = aws }) { _, before in
            before == 0 ? .answer(200, fields: fields, body: body) : .answer(200)
        }
        let first = try await under.deliver(.of(1))
        // What one answer said is forgotten at the next.
        #expect(try await under.deliver(.of(2)).fault == nil)
        return first
    }

    @Test(arguments: ["/f", "/f#x"]) func aFunctionThatFailedIsAFailedAttempt(path: String) async throws {
        let ending = try await ending(
            "lambda", path: path, fields: ["X-Amz-Function-Error: Unhandled"], body: #"{"errorMessage":"no table"}"#)
        #expect(ending.fault == "HTTP 200: AWS did not take it: the function failed: no table")
    }

    @Test(arguments: ["/q", "/q#x"]) func anEntryThatIsAtFaultIsGivenUp(path: String) async throws {
        let body =
            #"{"Failed":[{"Id":"1","Code":"InvalidMessageContents","SenderFault":true,"Message":""#
            + String(repeating: "x", count: 3000)
            + #""}],"Successful":[]}"#
        let ending = try await ending("sqs", path: path, body: body)
        #expect(ending.fault?.hasPrefix("HTTP 200: AWS did not take it: InvalidMessageContents: xxx") == true)
        #expect(Verdict(ending, policy: RetryPolicy(), now: 0) == .final)
    }
}
