import EventJSON
import Spool
import Synchronization
import Testing

@testable import Delivery

/// Batches and access tokens over real sockets.
struct ParcelTransportTests {
    private final class Parcels: Reporting {
        let endpoint: HTTPEndpoint
        let reports = Reports()
        let transport: ParcelTransport
        private let loop: TransferLoop

        init(
            _ change: (inout TargetSettings, inout HTTPTargetSettings, HTTPEndpoint) throws -> Void,
            _ react: @escaping @Sendable (HTTPEndpoint.Request, Int) -> HTTPEndpoint.Reaction
        ) throws {
            endpoint = HTTPEndpoint(react)
            loop = try #require(TransferLoop.started())
            var http = HTTPTargetSettings(url: Template(literal: endpoint.url()))
            var target = try TargetSettings.http(endpoint.url())
            try change(&target, &http, endpoint)
            target.kind = .http(http)
            transport = try #require(ParcelTransport(target, loop: loop, options: .plain(), sink: reports.sink))
        }

        deinit {
            loop.submit(.stop)
            endpoint.close()
        }

        /// The endpoint's requests that are no requests for a token.
        var deliveries: [HTTPEndpoint.Request] { endpoint.requests.filter { !$0.line.contains("/token") } }
    }

    private func batches(
        max: Int = 3, as form: BatchSettings.Form = .array, format: EventFormat = .original,
        _ react: @escaping @Sendable (HTTPEndpoint.Request, Int) -> HTTPEndpoint.Reaction
    ) throws -> Parcels {
        try Parcels(
            { target, http, _ in
                target.batch = BatchSettings()
                target.batch?.maxEvents = max
                target.batch?.form = form
                target.format = format
                http.signingKeys = [[1]]
            }, react)
    }

    private func events(_ numbers: ClosedRange<UInt64>) -> [Attempt] {
        numbers.map { number in .of(EventNumber(rawValue: number), body: "{\"n\":\n\(number)}") }
    }

    @Test func eventsGoTogetherAndHaveOneOutcome() async throws {
        let under = try batches { _, _ in .answer(500, body: "no") }
        under.transport.start(events(1...3))
        let reports = try await under.wait(for: 3)
        #expect(reports.allSatisfy { $0.ending.answer?.status == 500 })
        #expect(reports.map(\.isShared) == [false, true, true])
        let request = try #require(under.endpoint.requests.first)
        #expect(String(decoding: request.body, as: UTF8.self) == "[{\"n\":\n1},{\"n\":\n2},{\"n\":\n3}]")
        #expect(request["content-type"] == "application/json")
        #expect(request["webhook-ids"] == "msg_1, msg_2, msg_3")
        #expect(request["webhook-id"] == BatchItem.id(of: ["msg_1", "msg_2", "msg_3"]))
        let message = Array("\(request["webhook-id"] ?? "").\(request["webhook-timestamp"] ?? "").".utf8) + request.body
        #expect(request["webhook-signature"] == "v1," + Base64.encode(Digest.hmac(key: [1], message)))
    }

    @Test func linesAreOneEventEach() async throws {
        let under = try batches(as: .ndjson) { _, _ in .answer(200) }
        under.transport.start(events(1...3))
        _ = try await under.wait(for: 3)
        let request = try #require(under.endpoint.requests.first)
        #expect(String(decoding: request.body, as: UTF8.self) == "{\"n\":1}\n{\"n\":2}\n{\"n\":3}\n")
        #expect(request["content-type"] == "application/x-ndjson")
    }

    @Test func aBatchOfCloudEventsHasItsOwnType() async throws {
        let under = try batches(format: .cloudEvents) { _, _ in .answer(200) }
        under.transport.start(events(1...3))
        _ = try await under.wait(for: 3)
        let request = try #require(under.endpoint.requests.first)
        #expect(request["content-type"] == "application/cloudevents-batch+json")
        #expect(EventBody.isJSON(request.body))
    }

    @Test func aBatchThatIsNotFullGoesWhenItHasLingered() async throws {
        let under = try batches { _, _ in .answer(200) }
        under.transport.start(events(1...2))
        _ = try await under.wait(for: 2)
        #expect(under.endpoint.requests.count == 1)
    }

    @Test func aBatchThatIsTooLargeIsHalvedUntilItFits() async throws {
        let under = try batches(max: 8) { request, _ in
            request["webhook-ids"]?.contains(",") == true ? .answer(413) : .answer(200)
        }
        under.transport.start(events(1...8))
        let reports = try await under.wait(for: 8)
        #expect(reports.allSatisfy { $0.ending.answer?.status == 200 })
        #expect(Set(reports.map(\.event)).count == 8)
        #expect(under.endpoint.requests.count == 15)
    }

    @Test func anEventThatIsNoJSONLeavesTheOthersAlone() async throws {
        let under = try batches(max: 2) { _, _ in .answer(200) }
        under.transport.start([.of(1), .of(2, body: "a=b"), .of(3)])
        let reports = try await under.wait(for: 3)
        #expect(reports.filter { $0.ending.answer?.status == 200 }.map(\.event).sorted() == [1, 3])
        guard case .unfit? = reports.first(where: { $0.event == 2 })?.ending else {
            Issue.record("it was sent")
            return
        }
    }

    @Test func whatWaitsForOthersIsHandedBackOnCancel() async throws {
        let under = try Parcels(
            { target, _, _ in
                target.batch = BatchSettings()
                target.batch?.linger = .seconds(3600)
            }, { _, _ in .answer(200) })
        under.transport.start(events(1...2))
        under.transport.cancel()
        let reports = try await under.wait(for: 2)
        #expect(reports.allSatisfy { $0.ending == .cancelled })
    }

    private func tokens(
        _ change: @escaping (inout OAuth2Settings) -> Void,
        _ react: @escaping @Sendable (HTTPEndpoint.Request, Int) -> HTTPEndpoint.Reaction
    ) throws -> Parcels {
        try Parcels(
            { _, http, endpoint in
                var oauth2 = OAuth2Settings(
                    tokenURL: endpoint.url("/token"), clientID: "me", clientSecret: "s3 cr:et")
                change(&oauth2)
                http.oauth2 = oauth2
            }, react)
    }

    private func tokens(
        _ react: @escaping @Sendable (HTTPEndpoint.Request, Int) -> HTTPEndpoint.Reaction
    ) throws -> Parcels { try tokens({ _ in }, react) }

    /// A token endpoint whose tokens are numbered, and a target that takes those that `isGood` says.
    private func server(_ isGood: @escaping @Sendable (String) -> Bool)
        -> @Sendable (HTTPEndpoint.Request, Int) -> HTTPEndpoint.Reaction
    {
        let given = Mutex(0)
        return { request, _ in
            if request.line.contains("/token") {
                let number = given.withLock { number in
                    number += 1
                    return number
                }
                return .answer(200, body: #"{"access_token":"t\#(number)","token_type":"bearer","expires_in":3600}"#)
            }
            return isGood(request["authorization"] ?? "") ? .answer(200) : .answer(401)
        }
    }

    @Test func oneTokenIsGotForAllThatWaitAndKept() async throws {
        let under = try tokens(
            {
                $0.scope = "hooks write"
                $0.audience = "crm"
            }, server { $0 == "Bearer t1" })
        under.transport.start(events(1...20))
        _ = try await under.wait(for: 20)
        under.transport.start(events(21...22))
        let reports = try await under.wait(for: 22)
        #expect(reports.allSatisfy { $0.ending.answer?.status == 200 })
        let asked = under.endpoint.requests.filter { $0.line.contains("/token") }
        #expect(asked.count == 1)
        #expect(asked.first?["authorization"] == "Basic " + Base64.encode(Array("me:s3%20cr%3Aet".utf8)))
        #expect(
            asked.first.map { String(decoding: $0.body, as: UTF8.self) }
                == "grant_type=client_credentials&scope=hooks%20write&audience=crm")
    }

    @Test func theClientMayBeNamedInTheBody() async throws {
        let under = try tokens({ $0.authentication = .body }, server { _ in true })
        under.transport.start(events(1...1))
        _ = try await under.wait(for: 1)
        let asked = under.endpoint.requests.first
        #expect(asked?["authorization"] == nil)
        #expect(
            asked.map { String(decoding: $0.body, as: UTF8.self) }
                == "grant_type=client_credentials&client_id=me&client_secret=s3%20cr%3Aet")
    }

    @Test func aTokenThatIsRefusedIsRenewedOnceAndTheRequestGoesAgain() async throws {
        let under = try tokens(server { $0 == "Bearer t2" })
        under.transport.start(events(1...10))
        let reports = try await under.wait(for: 10)
        #expect(reports.allSatisfy { $0.ending.answer?.status == 200 })
        #expect(under.endpoint.requests.filter { $0.line.contains("/token") }.count == 2)
    }

    @Test func aTargetThatRefusesAnyTokenIsA401() async throws {
        let under = try tokens(server { _ in false })
        under.transport.start(events(1...1))
        #expect(try await under.wait(for: 1).first?.ending.answer?.status == 401)
        #expect(under.deliveries.count == 2)
    }

    @Test func withoutATokenTheAttemptFailsAndSaysWhy() async throws {
        let under = try tokens { _, _ in .answer(400, body: #"{"error":"invalid_scope"}"#) }
        under.transport.start(events(1...3))
        let reports = try await under.wait(for: 3)
        #expect(reports.allSatisfy { $0.ending == .broken(reason: "no access token: HTTP 400 (invalid_scope)") })
        #expect(under.deliveries.isEmpty)
    }
}
