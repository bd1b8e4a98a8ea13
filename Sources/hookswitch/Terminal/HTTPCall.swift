import CCurl
import Glibc

/// One HTTP request of a verb, by libcurl: to the daemon's control socket, or to its door.
struct HTTPCall {
    /// An answer.
    struct Answer {
        var status: Int
        var body: [UInt8]
    }

    /// Why there was none.
    enum Fault: Error {
        /// Nobody listens there.
        case refused
        case other(String)
    }

    var url: String
    /// The Unix socket to go through; `nil` for TCP.
    var socket: String?
    var headers: [(name: String, value: String)] = []
    /// What is posted; `nil` for a GET.
    var body: [UInt8]?
    /// How long the whole may take; 0 for as long as it does.
    var timeoutSeconds = 60

    /// Makes the request and waits for its answer.
    func perform() throws(Fault) -> Answer {
        guard curl_global_init(Int(CURL_GLOBAL_ALL)) == CURLE_OK, let easy = curl_easy_init() else {
            throw .other("libcurl can't be started")
        }
        defer { curl_easy_cleanup(easy) }
        let sink = AnswerBody()
        var list: UnsafeMutablePointer<curl_slist>?
        defer { curl_slist_free_all(list) }
        for header in headers { list = curl_slist_append(list, "\(header.name): \(header.value)") }
        // No wait for a `100 Continue`, and no proxy on the way to this machine's own daemon.
        list = curl_slist_append(list, "Expect:")
        url.withCString { _ = hs_curl_set_pointer(easy, CURLOPT_URL, $0) }
        "".withCString { _ = hs_curl_set_pointer(easy, CURLOPT_PROXY, $0) }
        if let socket { socket.withCString { _ = hs_curl_set_pointer(easy, CURLOPT_UNIX_SOCKET_PATH, $0) } }
        _ = hs_curl_set_pointer(easy, CURLOPT_HTTPHEADER, list)
        _ = hs_curl_set_long(easy, CURLOPT_TIMEOUT, timeoutSeconds)
        _ = hs_curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        _ = hs_curl_set_sink(easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, user in
            guard let bytes, let user else { return 0 }
            let sink = Unmanaged<AnswerBody>.fromOpaque(user).takeUnretainedValue()
            sink.bytes += UnsafeRawBufferPointer(start: bytes, count: size * count)
            return size * count
        }
        _ = hs_curl_set_pointer(easy, CURLOPT_WRITEDATA, Unmanaged.passUnretained(sink).toOpaque())
        if let body {
            _ = hs_curl_set_long(easy, CURLOPT_POST, 1)
            _ = hs_curl_set_size(easy, CURLOPT_POSTFIELDSIZE_LARGE, curl_off_t(body.count))
            // Copied by libcurl, so that it need not stay in place.
            body.withUnsafeBytes {
                _ = hs_curl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, $0.baseAddress ?? UnsafeRawPointer(bitPattern: 1))
            }
        }
        let result = withExtendedLifetime(sink) { curl_easy_perform(easy) }
        switch result {
        case CURLE_OK: return Answer(status: hs_curl_get_long(easy, CURLINFO_RESPONSE_CODE), body: sink.bytes)
        case CURLE_COULDNT_CONNECT: throw .refused
        default: throw .other(String(cString: curl_easy_strerror(result)))
        }
    }
}

/// What an answer's body gathers in.
private final class AnswerBody {
    var bytes: [UInt8] = []
}
