/// Why a request was not understood or not taken: the answer to it, after which the connection is closed.
struct Refusal: Error, Equatable {
    var status: Int
    var error: String
    var hint: String

    init(_ status: Int, _ error: String, hint: String) {
        self.status = status
        self.error = error
        self.hint = hint
    }

    static func malformed(_ error: String, _ hint: String = "send the request as RFC 9112 has it") -> Refusal {
        Refusal(400, error, hint: hint)
    }

    /// As much is held for requests as may be.
    static var outOfMemory: Refusal {
        Refusal(503, "too many requests are on their way at once", hint: "try again in a moment")
    }

    /// There are as many connections as may be: to all, or from this address.
    static var outOfPlaces: Refusal {
        Refusal(503, "there are too many connections", hint: "keep connections alive, and try again in a moment")
    }

    var response: Response {
        // Both texts are ours and hold nothing that JSON would have escaped.
        var response = Response(status: status, body: Array("{\"error\":\"\(error)\",\"hint\":\"\(hint)\"}".utf8))
        if status == 503 { response.headers.append(.init("retry-after", "10")) }
        return response
    }
}
