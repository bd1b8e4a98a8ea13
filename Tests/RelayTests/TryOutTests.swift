import Spool
import Testing

@testable import Relay

/// An event tried on the routes without being sent.
struct TryOutTests {
    private func report(_ text: String) throws -> (source: String, report: RouteReport) {
        try TryOut(Array(text.utf8)).report(on: .sample(routes: ["all"])) { _ throws(Problem) in
            throw Problem(status: 404, detail: "none")
        }
    }

    @Test func aTextOrASampleIsTriedOnTheFirstSourceOrOnTheOneNamed() throws {
        #expect(try report(#"{"body": "{\"a\": 1}"}"#).report.routes == ["all"])
        #expect(try report(#"{"sample": "voucher.created", "source": "s"}"#).source == "s")
    }

    @Test func whatCanNotBeTriedIsRefused() {
        for (text, status) in [
            ("", 400), ("[]", 400), ("{}", 400), (#"{"body": "{}", "event": 1}"#, 400), (#"{"event": 0}"#, 400),
            (#"{"body": 1}"#, 400), (#"{"body": "{}", "x": 1}"#, 400), (#"{"body": "{}", "source": "z"}"#, 422),
            (#"{"body": "{"}"#, 422), (#"{"sample": "voucher.creatd"}"#, 404), (#"{"event": 7}"#, 404),
        ] {
            #expect { _ = try report(text) } throws: { ($0 as? Problem)?.status == status }
        }
    }
}
