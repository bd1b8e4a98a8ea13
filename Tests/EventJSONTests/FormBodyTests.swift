import Testing

@testable import EventJSON

/// Forms as JSON.
struct FormBodyTests {
    private func json(_ form: String) -> String? {
        Array(form.utf8).withUnsafeBytes { FormBody.json($0) }.map { String(decoding: $0, as: UTF8.self) }
    }

    @Test(arguments: [
        ("", "{}"), ("a=1", #"{"a":"1"}"#), ("a=1&b=x%20y+z&a=2", #"{"a":["1","2"],"b":"x y z"}"#),
        ("&&a&=x&", #"{"a":"","":"x"}"#), ("a=%22%0a%zz%", #"{"a":"\"\n%zz%"}"#), ("%c3%a9=é", #"{"é":"é"}"#),
        ("a=%ff", "{\"a\":\"\u{FFFD}\"}"),
    ]) func fieldsBecomeStrings(_ form: String, _ expected: String) { #expect(json(form) == expected) }

    @Test func aFormHasAThousandFieldsAtMost() {
        let fields = Array(repeating: "a=1", count: FormBody.fieldLimit)
        #expect(json(fields.joined(separator: "&")) != nil)
        #expect(json((fields + ["b=2"]).joined(separator: "&")) == nil)
    }

    @Test(arguments: [
        ("application/x-www-form-urlencoded", true), ("Application/X-WWW-Form-Urlencoded ; charset=utf-8", true),
        ("multipart/form-data", false), ("application/json", false), ("", false),
    ]) func aFormIsToldByItsContentType(_ type: String, _ isForm: Bool) { #expect(FormBody.isForm(type) == isForm) }
}
