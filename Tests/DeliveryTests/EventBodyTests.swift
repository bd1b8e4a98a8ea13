import EventJSON
import Testing

@testable import Delivery

struct EventBodyTests {
    private func value(_ path: String, in body: String) -> String? {
        EventBody.values(at: [EventPath(path)], in: Array(body.utf8))?[EventPath(path)].map {
            String(decoding: $0.inText, as: UTF8.self)
        }
    }

    @Test func aStringIsItsTextAndAnythingElseItsJSON() {
        let body = #" {"a": {"s":"x\u0021", "n": -1.5e3 , "b":true,"z":null,"o":{ "k" : [1, 2] }}} "#
        #expect(value("a.s", in: body) == "x!")
        #expect(value("a.n", in: body) == "-1.5e3")
        #expect(value("a.b", in: body) == "true")
        #expect(value("a.z", in: body) == "null")
        #expect(value("a.o", in: body) == #"{"k":[1,2]}"#)
        #expect(value("a.s.x", in: body) == nil)
        #expect(value("b", in: body) == nil)
    }

    @Test func severalPathsAreReadInOnePassOneInsideTheOther() {
        let paths = ["a", "a.b", "a.b.c"].map { EventPath($0) }
        let values = EventBody.values(at: paths, in: Array(#"{"a":{"b":{"c":7}}}"#.utf8))
        #expect(values?[paths[0]] == .json(Array(#"{"b":{"c":7}}"#.utf8)))
        #expect(values?[paths[1]] == .json(Array(#"{"c":7}"#.utf8)))
        #expect(values?[paths[2]] == .json(Array("7".utf8)))
    }

    @Test func ofARepeatedKeyTheFirstCounts() {
        #expect(value("a", in: #"{"a":1,"a":2}"#) == "1")
    }

    @Test func anEscapedKeyIsTheSameKey() {
        #expect(value("type", in: #"{"t\u0079pe":"x"}"#) == "x")
    }

    @Test func whatStandsInAnArrayHasNoPath() {
        #expect(value("a.b", in: #"{"a":[{"b":1}]}"#) == nil)
        #expect(value("a", in: #"{"a":[ {"b":1} ]}"#) == #"[{"b":1}]"#)
        #expect(value("a.b.c", in: #"{"a":{"b":[[{"c":1}],{"c":2}],"c":3}}"#) == nil)
        #expect(value("a.c", in: #"{"a":{"b":[[{"c":1}],{"c":2}],"c":3}}"#) == "3")
        #expect(value("a", in: #"[{"a":1}]"#) == nil)
    }

    @Test(arguments: [
        "{}", "[]", #""""#, "0", "-0", "1.5", "1E+5", "true", "false", "null", " [ 1 , 2 ] ", #"{"a":{"b":[]}}"#,
        #"["\u00e9\\\"\/"]"#, #"["Grüße"]"#,
    ]) func jsonIsTold(body: String) {
        #expect(EventBody.isJSON(Array(body.utf8)))
    }

    @Test(arguments: [
        "", " ", "{", "}", "[1,]", "[,1]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}", "tru", "nulll", "\"", "\"a",
        "\"\\\"", "\"\n\"", "{} {}", "[1] x", "hello", "a=b&c=d", "<x/>", "2026-01-01", "1-2", "--1", "01", "1.", ".5",
        "1e", "1.2.3", "-", "+1", "Infinity", "\"\\x\"", "\"\\u12\"", "\"\\u+123\"",
    ]) func whatIsNotJSONIsTold(body: String) {
        #expect(!EventBody.isJSON(Array(body.utf8)))
    }

    @Test func bytesThatAreNotUTF8AreNotJSON() {
        #expect(!EventBody.isJSON([0x22, 0xFF, 0x22]))
        #expect(!EventBody.isJSON([0x22, 0xC3, 0x22]))
    }

    @Test func nestingHasALimitAndNoBodyExhaustsTheStack() {
        func nested(_ depth: Int) -> [UInt8] {
            Array(repeating: UInt8(ascii: "["), count: depth) + Array(repeating: UInt8(ascii: "]"), count: depth)
        }
        #expect(EventBody.isJSON(nested(500)))
        #expect(!EventBody.isJSON(nested(600)))
        #expect(!EventBody.isJSON(nested(1_000_000)))
    }

    @Test func aFormIsAnObjectAndJSONIsJSONWhateverItsSenderCallsIt() {
        func json(_ body: String) -> String {
            let attempt = Attempt.of(body: body) {
                $0.headers = [.init(name: "content-type", value: "application/x-www-form-urlencoded")]
            }
            return String(decoding: attempt.event.json, as: UTF8.self)
        }
        #expect(json("a=1&b=x") == #"{"a":"1","b":"x"}"#)
        #expect(json(#" {"a": 1}"#) == #" {"a": 1}"#)
    }
}
