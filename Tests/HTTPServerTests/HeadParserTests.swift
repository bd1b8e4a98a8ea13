import Testing

@testable import HTTPServer

struct HeadParserTests {
    @Test func aPlainRequestIsTakenApart() throws {
        let text =
            "POST /hooks/a%20b?x=1&y=?2 HTTP/1.1\r\nHost: relay:8080\r\nContent-Type:text/plain \t\r\nX-Empty:\r\n\r\nbody"
        let head = try #require(HeadOutcome(text).head)
        #expect(head.method == .post)
        #expect(head.path == "/hooks/a%20b")
        #expect(head.query == "x=1&y=?2")
        #expect(head.fields == ["Host: relay:8080", "Content-Type: text/plain", "X-Empty: "])
        #expect(head.framing == .none)
        #expect(head.keepsAlive)
        #expect(!head.expectsContinue)
        #expect(head.end == text.utf8.count - 4)
    }

    @Test(arguments: Method.allCases) func everyKnownMethodIsTaken(method: Method) {
        #expect(HeadOutcome("\(method.name) / HTTP/1.1\r\nHost: a\r\n\r\n").head?.method == method)
    }

    @Test(arguments: ["BREW", "CONNECT", "post", "Post", "POSTS", "POS", "SEARCH", "!#$%&'*+-.^_`|~"])
    func anUnknownMethodIs501(method: String) {
        #expect(HeadOutcome("\(method) / HTTP/1.1\r\nHost: a\r\n\r\n").status == 501)
    }

    @Test(arguments: ["PO(ST", "PO\u{7F}ST", "PO\tST", "PÖST", "\"POST\""])
    func aMethodThatIsNoTokenIs400(method: String) {
        #expect(HeadOutcome("\(method) / HTTP/1.1\r\nHost: a\r\n\r\n").status == 400)
    }

    @Test(arguments: ["HTTP/2.0", "HTTP/0.9", "HTTP/3.0", "HTTP/9.9"]) func anotherMajorVersionIs505(version: String) {
        #expect(HeadOutcome("GET / \(version)\r\nHost: a\r\n\r\n").status == 505)
    }

    @Test func thePrefaceOfHTTP2Is505() {
        #expect(HeadOutcome("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").status == 505)
    }

    @Test(arguments: [
        "HTTP/1", "HTTP/1.", "HTTP/1.10", "HTTP/11", "http/1.1", "HTTP/1.1 ", " HTTP/1.1", "HTTPS/1.1", "HTTP/1,1",
        "HTTP/a.1", "HTTP/1.b", "",
    ]) func aMisspeltVersionIs400(version: String) {
        #expect(HeadOutcome("GET / \(version)\r\nHost: a\r\n\r\n").status == 400)
    }

    @Test(arguments: [
        "GET\r\n", "GET /\r\n", " GET / HTTP/1.1\r\n", "GET  / HTTP/1.1\r\n", "GET\t/ HTTP/1.1\r\n", " \r\n", "\0\r\n",
        "GET / x HTTP/1.1\r\n", "GET /\tHTTP/1.1\r\n",
    ]) func aRequestLineOfAnotherShapeIs400(line: String) {
        #expect(HeadOutcome(line + "Host: a\r\n\r\n").status == 400)
    }

    @Test func aLaterMinorVersionIsReadAs11() {
        #expect(HeadOutcome("GET / HTTP/1.7\r\nHost: a\r\n\r\n").head?.keepsAlive == true)
    }

    @Test(arguments: [
        ("http://relay/hook?a=b", "/hook", "a=b"), ("HTTPS://relay:1/hook", "/hook", ""), ("http://relay", "", ""),
        ("http://relay?a", "", "a"), ("hTTp://[::1]:80/", "/", ""),
    ]) func anAbsoluteTargetIsReadFromItsPathOn(target: String, path: String, query: String) {
        let head = HeadOutcome("POST \(target) HTTP/1.1\r\nHost: relay\r\n\r\n").head
        #expect(head?.path == path)
        #expect(head?.query == query)
    }

    @Test(arguments: [
        "http://", "http:///hook", "http://?a", "ftp://relay/", "relay", "relay:80", "?a", "*", "http:/a",
    ])
    func aTargetThatIsNeitherPathNorAddressIs400(target: String) {
        #expect(HeadOutcome("POST \(target) HTTP/1.1\r\nHost: relay\r\n\r\n").status == 400)
    }

    @Test func onlyOptionsMayAskForAnAsterisk() {
        let head = HeadOutcome("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").head
        #expect(head?.path == "*")
        #expect(HeadOutcome("OPTIONS ** HTTP/1.1\r\nHost: a\r\n\r\n").status == 400)
    }

    @Test(arguments: ["/#top", "/\u{7F}", "/\u{1}", "/é", "/\0"]) func aTargetWithAnUnfitCharacterIs400(target: String)
    {
        #expect(HeadOutcome("POST \(target) HTTP/1.1\r\nHost: a\r\n\r\n").status == 400)
    }

    @Test func aTargetOfTheLimitIsTakenAndOneMoreByteIs414() {
        var limits = ServerLimits()
        limits.targetBytes = 100
        func request(_ length: Int) -> String {
            "POST /\(String(repeating: "a", count: length - 1)) HTTP/1.1\r\nHost: a\r\n\r\n"
        }
        #expect(HeadOutcome(request(100), limits: limits).head?.path.utf8.count == 100)
        #expect(HeadOutcome(request(101), limits: limits).status == 414)
    }

    @Test func aTargetWithoutEndIs414BeforeItEnds() {
        #expect(HeadOutcome("POST /" + String(repeating: "a", count: 8 << 10)) == .unfinished)
        #expect(HeadOutcome("POST /" + String(repeating: "a", count: 9 << 10)).status == 414)
    }

    @Test(arguments: [
        "POST / HTTP/1.1\nHost: a\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\n\n",
        "\nPOST / HTTP/1.1\r\nHost: a\r\n\r\n", "\n",
    ]) func aBareLineFeedIs400(text: String) {
        #expect(HeadOutcome(text).status == 400)
    }

    @Test(arguments: ["Host: a\rb", "X: a\r\r", "X\r: b"]) func aBareCarriageReturnIs400(line: String) {
        #expect(HeadOutcome("POST / HTTP/1.1\r\n\(line)\r\n\r\n").status == 400)
    }

    @Test func oneEmptyLineBeforeARequestIsForgiven() {
        #expect(HeadOutcome("\r\n" + head()).head?.path == "/hook")
    }

    @Test func aSecondEmptyLineBeforeARequestIs400() {
        #expect(HeadOutcome("\r\n\r\n" + head()).status == 400)
    }

    @Test func anEmptyLineIsForgivenAgainBeforeTheNextRequest() throws {
        var parser = HeadParser(ServerLimits())
        for _ in 0..<3 {
            let parsed = try Array(("\r\n" + head()).utf8).withUnsafeBytes { bytes throws(Refusal) in
                try parser.parse(bytes, peer: .local).map(HeadUnderTest.init)
            }
            #expect(parsed?.path == "/hook")
            parser.reset(at: 0)
        }
    }

    @Test(arguments: [" folded", "\tfolded", " X: y"]) func aFoldedHeaderIs400(line: String) {
        #expect(HeadOutcome(head("X-A: b", line)).status == 400)
        #expect(HeadOutcome("POST / HTTP/1.1\r\n\(line)\r\nHost: a\r\n\r\n").status == 400)
    }

    @Test(arguments: [
        "X-A : b", "X-A\t: b", "X A: b", ": b", "X-A", "X-Ä: b", "X(A): b", "X\u{7F}: b", "X\0A: b", "\"X\": b",
        "X/A: b",
        "X@A: b", "X=A: b",
    ]) func aHeaderWhoseNameIsNoTokenIs400(line: String) {
        #expect(HeadOutcome(head(line)).status == 400)
    }

    @Test(arguments: ["X: \0", "X: a\u{1F}b", "X: \u{7F}", "X: \u{8}a", "X: a\u{B}"])
    func aControlCharacterInAValueIs400(line: String) {
        #expect(HeadOutcome(head(line)).status == 400)
    }

    @Test func aValueKeepsItsColonsTabsAndBytesAbove127() {
        let head = HeadOutcome(head("X-A: \t a:b\tc \u{E9}\t ")).head
        #expect(head?.fields.last == "X-A: a:b\tc \u{E9}")
    }

    @Test func headersPastTheLimitOfBytesAre431() {
        var limits = ServerLimits()
        limits.headerBytes = 200
        let plain = head("X: ")
        let room = 200 - plain.utf8.count
        #expect(HeadOutcome(head("X: " + String(repeating: "a", count: room)), limits: limits).head != nil)
        #expect(HeadOutcome(head("X: " + String(repeating: "a", count: room + 1)), limits: limits).status == 431)
    }

    @Test func headersWithoutEndAre431BeforeTheyEnd() {
        let begun = "POST / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: 16 << 10)
        #expect(HeadOutcome(begun).status == 431)
    }

    @Test func tooManyHeadersAre431() {
        func request(_ count: Int) -> String {
            "POST / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "X: y\r\n", count: count - 1) + "\r\n"
        }
        #expect(HeadOutcome(request(100)).head?.fields.count == 100)
        #expect(HeadOutcome(request(101)).status == 431)
    }

    @Test func aRequestWithoutHostIs400ButNotIn10() {
        #expect(HeadOutcome("POST / HTTP/1.1\r\n\r\n").status == 400)
        #expect(HeadOutcome("POST / HTTP/1.0\r\n\r\n").head != nil)
    }

    @Test(arguments: ["1.1", "1.0"]) func twoHostsAre400(version: String) {
        #expect(HeadOutcome(head("Host: relay", version: version)).status == 400)
        #expect(HeadOutcome(head("hOST: other", version: version)).status == 400)
    }

    @Test(arguments: [
        "", ":80", "a:b", "a:1:2", "a:65536", "a:123456", "[::1", "[]", "[abcd]", "[::1]1", "%4", "a%zz", "a b",
        "user@a", "a/b", "a?b", "a#b", "a\\b", "<a>", "é",
    ]) func aHostThatIsNoneIs400(host: String) {
        #expect(HeadOutcome("POST / HTTP/1.1\r\nHost: \(host)\r\n\r\n").status == 400)
    }

    @Test(arguments: ["a", "a:", "a:65535", "a.b:80", "[::1]:80", "127.0.0.1", "a_b", "a%20b", "a,b(c);d=e"])
    func aHostMayBeWhateverAnAddressMay(host: String) {
        #expect(HeadOutcome("POST / HTTP/1.1\r\nHost: \(host)\r\n\r\n").head != nil)
    }

    @Test func aBodyIsFramedByItsLength() {
        #expect(HeadOutcome(head("Content-Length: 0")).head?.framing == .length(0))
        #expect(HeadOutcome(head("content-length:\t0042 ")).head?.framing == .length(42))
        #expect(
            HeadOutcome(head("Content-Length: 999999999999999999")).head?.framing == .length(999_999_999_999_999_999))
    }

    @Test(arguments: [
        "", "+5", "-5", "5,5", "5, 5", "0x5", "5 5", "5.0", "1e3", "five", "٥", "9999999999999999999", "5;", "\"5\"",
    ]) func aLengthThatIsNoNumberIs400(length: String) {
        #expect(HeadOutcome(head("Content-Length: \(length)")).status == 400)
    }

    @Test func twoLengthsAre400EvenIfTheyAgree() {
        #expect(HeadOutcome(head("Content-Length: 5", "Content-Length: 5")).status == 400)
        #expect(HeadOutcome(head("Content-Length: 5", "Content-Length: 6")).status == 400)
    }

    @Test func aLengthBesideATransferCodingIs400() {
        #expect(HeadOutcome(head("Content-Length: 5", "Transfer-Encoding: chunked")).status == 400)
        #expect(HeadOutcome(head("Transfer-Encoding: chunked", "Content-Length: 5")).status == 400)
        #expect(HeadOutcome(head("Transfer-Encoding: identity", "Content-Length: 5")).status == 400)
    }

    @Test(arguments: ["chunked", "Chunked", "CHUNKED", "\tchunked "]) func aBodyMayBeChunked(coding: String) {
        #expect(HeadOutcome(head("Transfer-Encoding: \(coding)")).head?.framing == .chunked)
    }

    @Test(arguments: ["gzip, chunked", "a, b , \tChunked", "x;q=1, chunked"])
    func anotherTransferCodingBeforeChunkedIs501(coding: String) {
        #expect(HeadOutcome(head("Transfer-Encoding: \(coding)")).status == 501)
    }

    @Test(arguments: [
        "", ",", ", chunked", "chunked,", "gzip", "chunked, gzip", "chunked, chunked", "gzip, chunked, chunked",
        "identity", "xchunked", "chunked;q=1", "chun\u{212A}ed", "chunked\u{B}", "\u{A0}chunked", "'chunked'",
        "chunked\u{200B}",
    ]) func aTransferCodingThatDoesNotEndWithOneChunkedIs400(coding: String) {
        #expect(HeadOutcome(head("Transfer-Encoding: \(coding)")).status == 400)
    }

    @Test func twoTransferCodingHeadersAreRefused() {
        #expect(HeadOutcome(head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked")).status == 400)
        #expect(HeadOutcome(head("Transfer-Encoding: identity", "Transfer-Encoding: chunked")).status == 501)
    }

    @Test func a10RequestMayNotBeChunked() {
        #expect(HeadOutcome(head("Transfer-Encoding: chunked", version: "1.0")).status == 400)
    }

    @Test(arguments: [
        ("1.1", [], true), ("1.1", ["close"], false), ("1.1", ["CLOSE"], false), ("1.1", ["keep-alive, close"], false),
        ("1.1", ["close, keep-alive"], false), ("1.1", ["x", "y ,\tclose"], false), ("1.1", ["closed"], true),
        ("1.1", ["x,close,y"], false), ("1.0", [], false), ("1.0", ["keep-alive"], true), ("1.0", ["Keep-Alive"], true),
        ("1.0", ["keep-alive, close"], false), ("1.0", ["close, keep-alive"], false),
        ("1.0", ["close", "keep-alive"], false), ("1.0", ["\u{212A}eep-alive"], false),
    ]) func theConnectionLastsAsTheClientAsks(version: String, options: [String], lasts: Bool) {
        let lines = options.map { "Connection: \($0)\r\n" }.joined()
        #expect(HeadOutcome("GET / HTTP/\(version)\r\nHost: a\r\n\(lines)\r\n").head?.keepsAlive == lasts)
    }

    @Test func onlyOneExpectationIsKnown() {
        #expect(HeadOutcome(head("Expect: 100-Continue")).head?.expectsContinue == true)
        #expect(HeadOutcome(head("Expect: 200-ok")).status == 417)
        #expect(HeadOutcome(head("Expect:")).status == 417)
        #expect(HeadOutcome(head("Expect: 100-continue", "Expect: x")).status == 417)
    }

    @Test func a10ClientExpectsNothing() {
        #expect(HeadOutcome(head("Expect: 100-continue", version: "1.0")).head?.expectsContinue == false)
    }

    @Test func aHeadIsReadTheSameHoweverItArrives() {
        let bytes = Array(
            ("\r\nPOST http://relay/hook?x=y HTTP/1.1\r\nHost: relay\r\nX-A:  b \r\nContent-Length: 3\r\n"
                + "Expect: 100-continue\r\nConnection: close\r\n\r\nabc").utf8)
        let whole = HeadOutcome(bytes)
        #expect(whole.head?.fields.count == 5)
        for split in 1..<bytes.count { #expect(HeadOutcome(bytes, arrivingAt: [split]) == whole) }
        #expect(HeadOutcome(bytes, arrivingAt: Array(0..<bytes.count)) == whole)
    }

    @Test func aRequestLineThatIsTooLongIsRefusedTheSameHoweverItArrives() {
        var limits = ServerLimits()
        limits.targetBytes = 40
        for length in [103, 104, 300] {
            // No space, no target: what counts is that it is too long, if it is.
            let bytes = [UInt8](repeating: 0x41, count: length) + [0x0D, 0x0A]
            let whole = HeadOutcome(bytes, limits: limits)
            #expect(whole.status == (length + 1 > 104 ? 414 : 400))
            for step in 1...40 {
                let ends = Array(stride(from: step, to: bytes.count, by: step))
                #expect(HeadOutcome(bytes, arrivingAt: ends, limits: limits) == whole)
            }
        }
    }

    @Test func aHeadIsUnfinishedUntilItsLastByte() {
        let bytes = Array(head("X-A: b").utf8)
        for count in 0..<bytes.count { #expect(HeadOutcome(Array(bytes[..<count])) == .unfinished) }
        #expect(HeadOutcome(bytes).head?.end == bytes.count)
    }

    @Test func aHeadMayBeginInTheMiddleOfTheBuffer() throws {
        let bytes = Array(("leftover" + head("X-A: b")).utf8)
        var parser = HeadParser(ServerLimits())
        parser.reset(at: 8)
        let parsed = try bytes.withUnsafeBytes { bytes throws(Refusal) in
            try parser.parse(bytes, peer: .local).map(HeadUnderTest.init)
        }
        #expect(parsed?.path == "/hook")
        #expect(parsed?.end == bytes.count)
    }
}
