import Testing

@testable import NATS

@Suite struct JetStreamTests {
    private func answer(_ text: String) -> PublishAnswer {
        PublishAnswer(Message(subject: "_INBOX.x.p.1", subscription: 1, payload: Array(text.utf8)))
    }

    @Test func aStreamsAnswersAreRead() {
        #expect(answer(#"{"stream":"s","seq":1234567890123}"#) == .stored(1_234_567_890_123))
        #expect(answer(#"{"stream":"s","seq":7,"duplicate":true}"#) == .repeated(7))
        #expect(answer(#"{"stream":"s","seq":7,"duplicate": true}"#) == .repeated(7))
        let refusal = #"{"error":{"code":503,"err_code":10077,"description":"maximum bytes exceeded"},"seq":0}"#
        #expect(answer(refusal) == .refused(NATSFault(.later, "maximum bytes exceeded", code: 10077)))
        #expect(
            answer("nonsense")
                == .refused(NATSFault(.later, "the brokers' answer is not understood", isUncertain: true)))
    }

    @Test func whatJetStreamRefusesIsLaterNeverOrOurs() {
        #expect(NATSFault(status: 503, code: 10008, text: "").kind == .later)
        #expect(NATSFault(status: 400, code: 10058, text: "").kind == .never)
        #expect(NATSFault(status: 503, code: 10076, text: "").kind == .later)
        #expect(NATSFault(status: 400, code: 10039, text: "").kind == .ours)
    }

    @Test(
        arguments: [
            ("2026-01-02T03:04:05.678901234Z", 1_767_323_045_678), ("2026-01-02T03:04:05Z", 1_767_323_045_000),
            ("2026-01-02T03:04:05.6Z", 1_767_323_045_600), ("2026-01-02 03:04:05.67 +0000 UTC", 1_767_323_045_670),
            ("2026-13-02T03:04:05Z", nil), ("yesterday", nil), ("", nil),
        ] as [(String, Int64?)])
    func whenAMessageWasStoredIsRead(_ text: String, _ milliseconds: Int64?) throws {
        let block = Array("NATS/1.0\r\nNats-Time-Stamp: \(text)\r\n\r\n".utf8)
        let headers = try block.withUnsafeBytes { try HeaderBlock($0) }
        #expect(Message(subject: "s", subscription: 1, headers: headers).storedAt == milliseconds)
    }

    @Test func aDeliverysMarkIsReadInBothForms() {
        let old = DeliveryMark("$JS.ACK.s.c.3.42.7.1700000000000000000.5")
        let new = DeliveryMark("$JS.ACK.hub.ACCOUNT.s.c.3.42.7.1700000000000000000.5.random")
        #expect(old?.sequence == 42)
        #expect(old?.deliveries == 3)
        #expect(old == new)
        #expect(DeliveryMark("_INBOX.x") == nil)
        #expect(DeliveryMark("$JS.ACK.s.c.x.42.7.1.5") == nil)
    }
}
