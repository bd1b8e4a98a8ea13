import Testing

@testable import HTTPServer

struct ResponseWriterTests {
    /// An answer's lines without its date, and its body.
    private func written(_ response: Response, closing: Bool = false, withoutBody: Bool = false) -> (
        lines: [String], body: String
    ) {
        var output: [UInt8] = []
        var writer = ResponseWriter()
        writer.append(response, to: &output, closing: closing, withoutBody: withoutBody)
        let text = String(decoding: output, as: UTF8.self)
        let end = text.firstRange(of: "\r\n\r\n")
        let lines = text[..<(end?.lowerBound ?? text.endIndex)].split(separator: "\r\n").map(String.init)
        return (lines.filter { !$0.hasPrefix("date: ") }, String(text[(end?.upperBound ?? text.endIndex)...]))
    }

    @Test func anAnswerHasStatusTypeLengthAndBody() {
        let (lines, body) = written(Response(status: 202, body: Array("{}".utf8)))
        #expect(lines == ["HTTP/1.1 202 Accepted", "content-type: application/json", "content-length: 2"])
        #expect(body == "{}")
    }

    @Test func anAnswerWithoutBodyHasNoTypeButALength() {
        let (lines, body) = written(Response(status: 200, body: []))
        #expect(lines == ["HTTP/1.1 200 OK", "content-length: 0"])
        #expect(body.isEmpty)
    }

    @Test func aNoContentAnswerHasNoLength() {
        let (lines, body) = written(Response(status: 204, body: Array("never".utf8)))
        #expect(lines == ["HTTP/1.1 204 No Content"])
        #expect(body.isEmpty)
    }

    @Test func anAnswerToHeadSaysTheLengthAndLeavesTheBodyOut() {
        let (lines, body) = written(Response(status: 200, contentType: "text/plain", body: [1, 2]), withoutBody: true)
        #expect(lines == ["HTTP/1.1 200 OK", "content-type: text/plain", "content-length: 2"])
        #expect(body.isEmpty)
    }

    @Test func aLastAnswerSaysSo() {
        #expect(written(Response(status: 200, body: []), closing: true).lines.last == "connection: close")
    }

    @Test func aHeadersValueCannotAddALine() {
        let headers = [Response.Header("allow", "POST\r\nx: y\u{0}\u{7F}é")]
        let (lines, _) = written(Response(status: 405, headers: headers, body: []))
        #expect(lines.last == "allow: POSTx: yé")
    }

    @Test func theDateIsAnIMFFixdate() throws {
        var output: [UInt8] = []
        var writer = ResponseWriter()
        writer.append(Response(status: 200, body: []), to: &output, closing: false, withoutBody: false)
        let text = String(decoding: output, as: UTF8.self)
        let date = try #require(text.split(separator: "\r\n").first { $0.hasPrefix("date: ") })
        #expect(date.wholeMatch(of: /date: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT/) != nil)
    }

    @Test(arguments: [
        200, 202, 204, 303, 400, 401, 403, 404, 405, 408, 409, 413, 414, 415, 417, 422, 429, 431, 500, 501, 503, 505,
    ])
    func everyStatusInUseHasItsPhrase(status: Int) {
        #expect(ResponseWriter.reason(status) != "Status")
    }

    @Test func anotherStatusHasAPhraseToo() {
        #expect(written(Response(status: 299, body: [])).lines.first == "HTTP/1.1 299 Status")
    }
}
