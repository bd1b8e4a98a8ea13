import Testing

@testable import EventJSON

struct TemplateTests {
    private func rendered(_ template: String, _ texts: [String: String] = [:]) throws -> String {
        String(decoding: try Template(parsing: template).renderText(ValuesUnderTest(texts: texts)), as: UTF8.self)
    }

    private func fault(_ template: String) -> TemplateError? {
        do throws(TemplateError) {
            _ = try Template(parsing: template)
            return nil
        } catch {
            return error
        }
    }

    @Test func placeholdersBecomeValues() throws {
        #expect(try rendered("a ${x} ${y.z}!${x}", ["x": "1", "y.z": "é"]) == "a 1 é!1")
        #expect(try rendered("", [:]) == "")
        #expect(try rendered("${@source}-${@event}/${@attempt} ${@received_at}") == "shop-1042/3 2026-01-01")
    }

    @Test func aMissingValueIsItsDefaultOrNothing() throws {
        #expect(try rendered("<${x}>") == "<>")
        #expect(try rendered("<${x:none}>") == "<none>")
        #expect(try rendered("<${x:}>") == "<>")
        #expect(try rendered("<${x:a:b c$}>") == "<a:b c$>")
        #expect(try rendered("<${x:none}>", ["x": ""]) == "<>")
    }

    @Test func aValueThatIsNoStringIsItsJSON() throws {
        let values = ValuesUnderTest(["x": .json(Array("{\"a\":[1]}".utf8)), "y": .json(Array("null".utf8))])
        #expect(try Template(parsing: "${x} ${y:z}").renderText(values) == Array("{\"a\":[1]} null".utf8))
    }

    @Test(arguments: ["$", "$$", "$x", "{x}", "}", "$ {x}", "a$", "}{$"]) func aDollarAloneIsText(text: String)
        throws
    {
        #expect(try rendered(text) == text)
    }

    @Test func aDollarMayStandBeforeAPlaceholder() throws {
        #expect(try rendered("$${x}}", ["x": "1"]) == "$1}")
    }

    @Test func aValueIsNotReadAsATemplate() throws {
        #expect(try rendered("${x}", ["x": "${y}", "y": "secret"]) == "${y}")
    }

    @Test func aMistakeIsSaidWhereItStands() {
        #expect(fault("ab${x") == TemplateError("placeholder without closing }", at: 2))
        #expect(fault("é${}") == TemplateError("placeholder without a path", at: 2))
        #expect(fault("${:x}") == TemplateError("placeholder without a path", at: 0))
        #expect(fault("${a..b}") == TemplateError("the path a..b has an empty key", at: 0))
        #expect(fault("${a.}")?.message == "the path a. has an empty key")
        #expect(fault("${@event:1}") == TemplateError("${@event} always has a value: no default is needed", at: 0))
        #expect(fault("${x}${@evnt}")?.offset == 4)
        #expect(
            fault("${@evnt}")?.message
                == "unknown placeholder ${@evnt}: there are @event, @source, @route, @target, @received_at, @attempt, @body"
        )
    }

    @Test func aTemplateKnowsWhatItNeeds() throws {
        let template = try Template(parsing: "${a.b}${@event}x${c:d}")
        #expect(template.paths == [EventPath("a.b"), EventPath("c")])
        #expect(!template.isConstant)
        #expect(!template.mentionsAttempt)
        #expect(try Template(parsing: "${@attempt}").mentionsAttempt)
        #expect(try Template(parsing: "a$b").isConstant)
    }

    @Test func aLiteralStandsForItself() {
        let template = Template(literal: "a ${x} ${")
        #expect(template.isConstant)
        #expect(template.renderText(ValuesUnderTest([:])) == Array("a ${x} ${".utf8))
        #expect(Template(literal: "").renderText(ValuesUnderTest([:])).isEmpty)
    }
}
