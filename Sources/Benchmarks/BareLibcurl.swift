import CCurl
import Foundation
import Platform

/// The least that delivering by libcurl costs: one thread, one multi handle, so many POSTs under way at once, nothing else.
/// It runs in a process of its own, which prints how many a second were answered.
enum BareLibcurl {
    static let name = "bare-libcurl"
    static let inFlight = 16

    /// `bare-libcurl URL SECONDS BODY-FILE HEADER…`
    static func run(_ arguments: ArraySlice<String>) throws {
        let arguments = Array(arguments)
        guard arguments.count >= 3, let seconds = Double(arguments[1]), let multi = curl_multi_init() else {
            throw BenchmarkFault("usage: \(name) URL SECONDS BODY-FILE HEADER…")
        }
        var body = Array(try Data(contentsOf: URL(fileURLWithPath: arguments[2])))
        var headers: UnsafeMutablePointer<curl_slist>?
        for header in arguments[3...] { headers = curl_slist_append(headers, header) }
        try body.withUnsafeMutableBytes { body in
            for _ in 0..<inFlight {
                guard let easy = curl_easy_init() else { throw BenchmarkFault("no handle") }
                hs_curl_set_pointer(easy, CURLOPT_URL, arguments[0])
                hs_curl_set_pointer(easy, CURLOPT_HTTPHEADER, headers)
                hs_curl_set_long(easy, CURLOPT_POST, 1)
                hs_curl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
                hs_curl_set_pointer(easy, CURLOPT_POSTFIELDS, body.baseAddress)
                hs_curl_set_sink(easy, CURLOPT_WRITEFUNCTION) { _, size, count, _ in size * count }
                curl_multi_add_handle(multi, easy)
            }
            let start = Date()
            var done = 0
            var running: Int32 = 0
            while -start.timeIntervalSinceNow < seconds {
                curl_multi_perform(multi, &running)
                while let easy = hs_curl_next_done(multi).easy {
                    guard hs_curl_get_long(easy, CURLINFO_RESPONSE_CODE) == 200 else {
                        throw BenchmarkFault("the receiver does not answer 200")
                    }
                    done += 1
                    curl_multi_remove_handle(multi, easy)
                    curl_multi_add_handle(multi, easy)
                }
                curl_multi_poll(multi, nil, 0, 100, nil)
            }
            StandardStream.output.write("\(Double(done) / -start.timeIntervalSinceNow)\n")
        }
    }

    /// Runs it on a core; answers the requests a second.
    static func measure(url: String, body: URL, headers: [String], seconds: Int, core: Int) throws -> Double {
        try Part.perSecond([name, url, String(seconds), body.path] + headers, core: core)
    }
}
