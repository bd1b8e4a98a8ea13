import Glibc

/// Writes answers as HTTP/1.1 has them (RFC 9112 §4). The date is made once a second.
struct ResponseWriter {
    private var dateLine: [UInt8] = []
    private var dateSecond: time_t = -1

    /// Appends an answer to a connection's output. `sayingKeepAlive` is for a client that has to be told.
    mutating func append(
        _ response: Response, to output: inout [UInt8], closing: Bool, sayingKeepAlive: Bool = false,
        withoutBody: Bool
    ) {
        if response.status == 202 {
            ResponseWriter.append("HTTP/1.1 202 Accepted\r\n", to: &output)
        } else {
            ResponseWriter.append("HTTP/1.1 ", to: &output)
            ResponseWriter.append(response.status, to: &output)
            output.append(0x20)
            output += ResponseWriter.reason(response.status).utf8
            ResponseWriter.append("\r\n", to: &output)
        }
        appendDate(to: &output)
        // Such an answer has no body, and so neither a type nor a length (RFC 9110 §8.6, §15.3.5).
        let isEmpty = response.status == 204
        if !response.body.isEmpty && !isEmpty {
            if response.contentType == Response.json {
                ResponseWriter.append("content-type: application/json\r\n", to: &output)
            } else {
                ResponseWriter.append("content-type: ", to: &output)
                output += response.contentType.utf8
                ResponseWriter.append("\r\n", to: &output)
            }
        }
        if !isEmpty {
            ResponseWriter.append("content-length: ", to: &output)
            ResponseWriter.append(response.body.count, to: &output)
            ResponseWriter.append("\r\n", to: &output)
        }
        for header in response.headers {
            output += header.name.utf8
            output += ": ".utf8
            for byte in header.value.utf8 where byte >= 0x20 && byte != 0x7F { output.append(byte) }
            ResponseWriter.append("\r\n", to: &output)
        }
        if sayingKeepAlive && !closing { ResponseWriter.append("connection: keep-alive\r\n", to: &output) }
        ResponseWriter.append(closing ? "connection: close\r\n\r\n" : "\r\n", to: &output)
        if !withoutBody && !isEmpty { output += response.body }
    }

    /// Appends a text of the program's own, from where the compiler put it.
    private static func append(_ text: StaticString, to output: inout [UInt8]) {
        output.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a number in digits.
    private static func append(_ number: Int, to output: inout [UInt8]) {
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            output.append(UInt8(0x30 + number / divisor % 10))
            divisor /= 10
        }
    }

    private mutating func appendDate(to output: inout [UInt8]) {
        var now = time(nil)
        if now != dateSecond {
            dateSecond = now
            var parts = tm()
            gmtime_r(&now, &parts)
            // IMF-fixdate (RFC 9110 §5.6.7); the C locale is the process's own, so the names are English.
            var text = [CChar](repeating: 0, count: 64)
            let count = strftime(&text, text.count, "date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts)
            dateLine = text.prefix(count).map { UInt8(bitPattern: $0) }
        }
        output += dateLine
    }

    /// The reason phrase of a status (RFC 9110 §15).
    static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 202: "Accepted"
        case 204: "No Content"
        case 303: "See Other"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: "Status"
        }
    }
}
