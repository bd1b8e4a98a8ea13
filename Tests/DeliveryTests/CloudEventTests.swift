import EventJSON
import Testing

@testable import Delivery

struct CloudEventTests {
    private func text(_ attempt: Attempt) -> String {
        String(
            decoding: CloudEvent(attempt, trace: "00-1-2-01").structured(attempt.event.body), as: UTF8.self)
    }

    @Test func aBodyThatIsJSONIsTheData() {
        let expected = [
            #"{"specversion":"1.0","id":"msg_1042","source":"/voucherify","type":"a.b","#,
            #""time":"2025-12-31T23:58:20.000Z","traceparent":"00-1-2-01","#,
            #""datacontenttype":"application/json","data":{"type": "a.b", "n": 1.50}}"#,
        ].joined()
        #expect(text(.of(body: #"{"type": "a.b", "n": 1.50}"#) { $0.columns.type = "a.b" }) == expected)
    }

    @Test func anyOtherBodyIsBase64WithItsOwnType() {
        let json = text(
            .of(body: "a=b") { $0.headers = [.init(name: "content-type", value: "application/x-www-form-urlencoded")] })
        #expect(json.contains(#""datacontenttype":"application/x-www-form-urlencoded","data_base64":"YT1i"}"#))
    }

    @Test func anEventWithoutATypeHasOneAllTheSame() {
        #expect(text(.of { $0.columns.type = nil }).contains(#""type":"hookswitch.event""#))
        #expect(text(.of { $0.columns.type = "" }).contains(#""type":"hookswitch.event""#))
    }

    @Test func theAttributesOfABinaryEventAreHeadersInPrintableASCII() {
        var lines = HeaderLines()
        CloudEvent(.of { $0.columns.type = "rédemption \"x\" 100%\r\nx-evil: 1" }, trace: "t").addBinary(to: &lines)
        let fields = Dictionary(uniqueKeysWithValues: lines.fields.map { ($0.name, $0.value) })
        #expect(fields["ce-specversion"] == "1.0")
        #expect(fields["ce-id"] == "msg_1042")
        #expect(fields["ce-source"] == "/voucherify")
        #expect(fields["ce-type"] == "r%C3%A9demption%20%22x%22%20100%25%0D%0Ax-evil:%201")
        #expect(fields["ce-time"] == "2025-12-31T23:58:20.000Z")
    }
}
