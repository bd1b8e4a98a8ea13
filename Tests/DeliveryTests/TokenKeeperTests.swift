import Testing

@testable import Delivery

struct TokenKeeperTests {
    private func answer(_ body: String, status: Int = 200) -> AttemptEnding {
        .answered(.init(status: status, body: Array(body.utf8)))
    }

    private func keeper(_ token: String, life: Int, now: Int64 = 0) -> TokenKeeper {
        var keeper = TokenKeeper()
        _ = keeper.need(now: now)
        #expect(
            keeper.answered(
                answer(#"{"access_token":"\#(token)","token_type":"Bearer","expires_in":\#(life)}"#), now: now) == nil)
        return keeper
    }

    @Test func howeverManyWaitItIsAskedForOnce() {
        var keeper = TokenKeeper()
        #expect(keeper.need(now: 0) == .init(token: nil, isToAsk: true))
        #expect(keeper.need(now: 1) == .init(token: nil, isToAsk: false))
    }

    @Test func itIsKeptAndRenewedBeforeItEndsWhileTheOldOneIsUsed() {
        var keeper = keeper("a", life: 3600)
        #expect(keeper.need(now: 3_539_999) == .init(token: "a", isToAsk: false))
        #expect(keeper.need(now: 3_540_000) == .init(token: "a", isToAsk: true))
        #expect(keeper.need(now: 3_540_001) == .init(token: "a", isToAsk: false))
        #expect(keeper.need(now: 3_600_000) == .init(token: nil, isToAsk: false))
    }

    @Test func aShortLifeIsRenewedInItsLastFifth() {
        var keeper = keeper("a", life: 10)
        #expect(keeper.need(now: 7_999) == .init(token: "a", isToAsk: false))
        #expect(keeper.need(now: 8_000) == .init(token: "a", isToAsk: true))
    }

    @Test func aRefusedTokenIsForgottenUnlessItWasReplacedSince() {
        var keeper = keeper("b", life: 3600)
        keeper.refused("a")
        #expect(keeper.need(now: 1).token == "b")
        keeper.refused("b")
        #expect(keeper.need(now: 1) == .init(token: nil, isToAsk: true))
    }

    @Test func aRenewalThatFailsIsTriedAgainAfterAPause() {
        var keeper = keeper("a", life: 3600)
        _ = keeper.need(now: 3_540_000)
        #expect(keeper.answered(.broken(reason: "DNS: no"), now: 3_540_000) == "no access token: DNS: no")
        #expect(keeper.need(now: 3_544_999) == .init(token: "a", isToAsk: false))
        #expect(keeper.need(now: 3_545_000) == .init(token: "a", isToAsk: true))
    }

    @Test func anAnswerWithoutALifeIsGoodForAnHour() {
        var keeper = TokenKeeper()
        _ = keeper.need(now: 0)
        #expect(keeper.answered(answer(#"{"access_token":"a"}"#), now: 0) == nil)
        #expect(keeper.need(now: 3_500_000).token == "a")
        #expect(keeper.need(now: 3_600_000).token == nil)
    }

    @Test(arguments: [
        (#"{"error":"invalid_client"}"#, 401, "HTTP 401: the target refuses our credentials (invalid_client)"),
        (#"{"error":"invalid_scope"}"#, 400, "HTTP 400 (invalid_scope)"),
        ("<html>", 200, "the answer holds none"), (#"{"access_token":""}"#, 200, "the answer holds none"),
        (#"{"access_token":"a\r\nx-evil: 1"}"#, 200, "the answer holds none"),
        (#"{"access_token":7}"#, 200, "the answer holds none"),
        (#"{"access_token":"a","token_type":"mac"}"#, 200, "its type is not Bearer"),
    ]) func whatIsNoTokenIsAFault(body: String, status: Int, fault: String) {
        var keeper = TokenKeeper()
        _ = keeper.need(now: 0)
        #expect(keeper.answered(answer(body, status: status), now: 0) == "no access token: \(fault)")
        #expect(keeper.need(now: 0) == .init(token: nil, isToAsk: true))
    }
}
