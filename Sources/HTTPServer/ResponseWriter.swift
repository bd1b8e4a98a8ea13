import Glibc

/// Writes answers as HTTP/1.1 has them (RFC 9112 §4). The date is made once a second.
struct ResponseWriter {
    private var dateLine: [UInt8] = []
    private var dateSecond: time_t = -1

    /// Appends an answer to a connection's output.
    mutating func append(_ response: Response, to output: inout [UInt8], closing: Bool, withoutBody: Bool) {
        output += "HTTP/1.1 ".utf8
        output += String(response.status).utf8
        output.append(0x20)
        output += ResponseWriter.reason(response.status).utf8
        output += "\r\n".utf8
        appendDate(to: &output)
        // Such an answer has no body, and so neither a type nor a length (RFC 9110 §8.6, §15.3.5).
        let isEmpty = response.status == 204
        if !response.body.isEmpty && !isEmpty {
            output += "content-type: ".utf8
            output += response.contentType.utf8
            output += "\r\n".utf8
        }
        if !isEmpty {
            output += "content-length: ".utf8
            output += String(response.body.count).utf8
            output += "\r\n".utf8
        }
        for header in response.headers {
            output += header.name.utf8
            output += ": ".utf8
            for byte in header.value.utf8 where byte >= 0x20 && byte != 0x7F { output.append(byte) }
            output += "\r\n".utf8
        }
        output += (closing ? "connection: close\r\n\r\n" : "\r\n").utf8
        if !withoutBody && !isEmpty { output += response.body }
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
