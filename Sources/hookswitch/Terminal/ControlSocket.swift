import EventJSON

/// The running daemon, by way of its control socket.
struct ControlSocket {
    let spoolPath: String

    /// Asks the daemon. Throws a failure of exit code 69 if there is none, or it can't reach the brokers; 1 with the
    /// daemon's words if it refuses.
    func ask(_ path: String, posting body: [UInt8]? = nil) throws(Failure) -> [UInt8] {
        let answer = try answer(path, posting: body)
        guard answer.status < 300 else { throw ControlSocket.refusal(answer) }
        return answer.body
    }

    /// The daemon's answer, whatever it is.
    func answer(_ path: String, posting body: [UInt8]? = nil) throws(Failure) -> HTTPCall.Answer {
        let socket = "\(spoolPath)/hookswitch.sock"
        var call = HTTPCall(url: "http://hookswitch\(path)", socket: socket)
        call.body = body
        // What is changed may be a million deliveries: it takes as long as it takes. A daemon that dies ends the wait.
        if body != nil { call.timeoutSeconds = 0 }
        call.headers = [("content-type", "application/json")]
        do throws(HTTPCall.Fault) { return try call.perform() } catch {
            switch error {
            case .refused:
                var failure = Failure(
                    ExitCode.unavailable, "no daemon answers at \(socket)",
                    hint: "start one with `hookswitch run`, or name its configuration with --config")
                failure.isForWantOfDaemon = true
                throw failure
            case .other(let reason):
                throw Failure(
                    ExitCode.unavailable, "the daemon at \(socket) does not answer: \(reason)",
                    hint: "its log says what it does; it may have ended meanwhile")
            }
        }
    }

    /// A refusal in the daemon's own words: of what it was given (400), of what can't be done, or because the brokers can't be reached (503).
    static func refusal(_ answer: HTTPCall.Answer) -> Failure {
        let root: JSONValue?
        do throws(JSONSyntaxError) { root = try JSONDocument(answer.body).root } catch { root = nil }
        return Failure(
            [400: ExitCode.badData, 503: ExitCode.unavailable][answer.status] ?? ExitCode.failure,
            root?[key: "detail"]?.string ?? "the daemon answered \(answer.status)",
            hint: root?[key: "hint"]?.string ?? "")
    }
}
