import EventJSON
import Testing

@testable import Delivery

struct AttemptTests {
    private func text(_ template: String, _ attempt: Attempt = .of(number: 3)) throws -> String? {
        let template = try Template(parsing: template)
        return attempt.values(at: template.paths).map { String(decoding: template.renderText($0), as: UTF8.self) }
    }

    @Test func theRelaysOwnPlaceholdersHaveTheirValues() throws {
        #expect(try text("${@event} ${@source} ${@target} ${@attempt}") == "1042 voucherify crm 3")
        #expect(try text("${@route}") == "redemptions,everything")
        #expect(try text("${@received_at}") == "2025-12-31T23:58:20.000Z")
    }

    @Test func theBodysPlaceholdersHaveTheirsOrTheirDefault() throws {
        let attempt = Attempt.of(body: #"{"a":{"b":"x y","c":[1, 2]}}"#)
        #expect(try text("${a.b}|${a.c}|${a.d:none}|${a.d}", attempt) == "x y|[1,2]|none|")
    }

    @Test func aBodyThatIsNoJSONMattersOnlyWhereAPathIsAsked() throws {
        let attempt = Attempt.of(body: "plain")
        #expect(try text("${@event}", attempt) == "1042")
        #expect(try text("${a}", attempt) == nil)
    }
}
