import Testing

@testable import Delivery

/// Answers that are none, or say too much, by either way to an endpoint: a fragment in its URL has libcurl make the request.
struct OddAnswerTests {
    private func fault(_ answer: String, path: String) async throws -> String {
        let under = try HTTPTransportTests.HTTPUnderTest(path: path) { _, _ in .raw(answer) }
        return try await under.deliver(.of()).fault ?? "none"
    }

    @Test(
        arguments: [
            "HTTP/1.1 000 X\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 099 X\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 2000 X\r\ncontent-length: 0\r\n\r\n", "hello\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        ], ["/a", "/a#x"])
    func whatIsNoHTTPIsSaidToBeNone(answer: String, path: String) async throws {
        let fault = try await fault(answer, path: path)
        #expect(fault.hasPrefix("the answer is not HTTP: "), "\(fault)")
    }

    @Test(arguments: ["/a", "/a#x"]) func aRedirectsPlaceIsShownWithoutItsCredentials(path: String) async throws {
        let answer = "HTTP/1.1 302 X\r\nlocation: http://me:secret@h.example/x\r\ncontent-length: 0\r\n\r\n"
        #expect(
            try await fault(answer, path: path)
                == "HTTP 302: redirect to http://h.example/x, which is not followed")
    }
}
