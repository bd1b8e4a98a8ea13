import Testing

@testable import EventJSON

struct PercentEncodingTests {
    @Test func allButUnreservedCharactersAreEncoded() {
        var out: [UInt8] = []
        PercentEncoding.append(all: "aZ09-._~ /?&=%é\u{0}\u{202E}\n".utf8, to: &out)
        #expect(String(decoding: out, as: UTF8.self) == "aZ09-._~%20%2F%3F%26%3D%25%C3%A9%00%E2%80%AE%0A")
    }

    @Test func anObjectBecomesTheFieldsOfAForm() throws {
        let template = JSONTemplate(
            .object([
                ("Action", .template(try Template(parsing: "Publish"))),
                ("Message", .template(try Template(parsing: "${a} & more"))),
                ("All", .template(try Template(parsing: "${b}"))),
                ("N", .literal(Array("7".utf8))), ("L", .array([.literal(Array("1".utf8))])),
            ]))
        var values = ValuesUnderTest(texts: ["a": "x=1&y=\"é\""])
        values.fields["b"] = .json(Array(#"{"c":[1]}"#.utf8))
        #expect(
            String(decoding: template.renderForm(values), as: UTF8.self)
                == "Action=Publish&Message=x%3D1%26y%3D%22%C3%A9%22%20%26%20more&All=%7B%22c%22%3A%5B1%5D%7D&N=7&L=%5B1%5D"
        )
    }
}
