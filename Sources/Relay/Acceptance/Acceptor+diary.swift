import HTTPServer

/// What the log says of refusals, at its level `debug`: why a sender is turned away, without asking the sender.
extension Acceptor {
    func note(_ response: Response, to head: RequestHead) {
        guard diary.takes(.debug), response.status >= 400 else { return }
        diary.write(
            .debug, "refused",
            [
                "status": "\(response.status)", "path": String(decoding: head.bytes[head.path], as: UTF8.self),
                "peer": "\(head.peer)", "answer": String(decoding: response.body, as: UTF8.self),
            ])
    }
}
