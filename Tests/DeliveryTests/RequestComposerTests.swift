import EventJSON
import Testing

@testable import Delivery

struct RequestComposerTests {
    @Test(arguments: [
        ("https://u:p@crm.example.com/hooks", "https://crm.example.com/hooks"),
        ("https://u@crm.example.com", "https://crm.example.com"),
        ("https://u:p@ss@crm.example.com/a@b", "https://crm.example.com/a@b"),
        ("https://crm.example.com/a@b?c=@d", "https://crm.example.com/a@b?c=@d"),
        ("https://crm.example.com?q=a@b", "https://crm.example.com?q=a@b"),
        ("no url", "no url"),
    ]) func noRecordShowsAPassword(url: String, shown: String) {
        #expect(EndpointURL.withoutCredentials(url) == shown)
    }

    private func lines(_ lines: HeaderLines) -> [String] {
        lines.bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func noValueAddsALine() {
        var header = HeaderLines()
        header.add("x-name", "a\r\nx-evil: 1\u{0}b\u{7F}")
        #expect(lines(header) == ["x-name: a  x-evil: 1 b "])
        #expect(header.count == 1)
    }

    @Test func anEmptyValueIsSentEmptyAndOneLeftOutIsNot() {
        var header = HeaderLines()
        header.add("x-empty", "")
        header.leaveOut("expect")
        #expect(lines(header) == ["x-empty;", "expect:"])
        #expect(header.count == 2)
    }

    @Test(arguments: ["content-type", "Content-Type", "CONTENT-TYPE"]) func aContentTypeIsNoticed(name: String) {
        var header = HeaderLines()
        #expect(!header.hasContentType)
        header.add(name, "text/plain")
        #expect(header.hasContentType)
    }

    @Test func onlyAnHTTPTargetHasRequests() throws {
        #expect(RequestComposer(try .file("/tmp/x"), options: .plain()) == nil)
    }
}
