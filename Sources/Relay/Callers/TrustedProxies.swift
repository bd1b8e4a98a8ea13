import HTTPServer

/// The proxies before the relay whose word on where a request came from is taken: `trusted_proxies` in `routes.json`.
struct TrustedProxies: Sendable {
    /// Why a request's origin can't be told.
    enum Fault: Error, Equatable {
        case malformed
        /// `Forwarded` and `X-Forwarded-For` name different addresses: one of them came through from outside.
        case contradiction

        var response: Response {
            switch self {
            case .malformed:
                Answers.refusal(
                    400, "the Forwarded header can't be read", hint: "the proxy should write it as RFC 7239 has it")
            case .contradiction:
                Answers.refusal(
                    400, "Forwarded and X-Forwarded-For name different addresses",
                    hint: "have the proxy take out the one that it does not write itself")
            }
        }
    }

    let blocks: [AddressBlock]

    /// The address that a request came from: the peer's, or, if that is a proxy that is trusted, the last one before
    /// it that is none. A station that is no address ends the walk at the one that told of it.
    func client(of head: RequestHead) throws(Fault) -> PeerAddress {
        if blocks.isEmpty || !isTrusted(head.peer) { return head.peer }
        var forwarded: [String] = []
        var xForwardedFor: [String] = []
        for field in head.fields {
            if head.isNamed(field.name, "forwarded") { forwarded.append(head.text(field.value)) }
            if head.isNamed(field.name, "x-forwarded-for") { xForwardedFor.append(head.text(field.value)) }
        }
        var clients: [PeerAddress] = []
        if !forwarded.isEmpty {
            guard let stations = ForwardedHeader.stations(forwarded: forwarded) else { throw .malformed }
            clients.append(walk(from: head.peer, stations))
        }
        if !xForwardedFor.isEmpty {
            clients.append(walk(from: head.peer, ForwardedHeader.stations(xForwardedFor: xForwardedFor)))
        }
        guard let client = clients.first else { return head.peer }
        guard clients.allSatisfy({ $0 == client }) else { throw .contradiction }
        return client
    }

    private func walk(from peer: PeerAddress, _ stations: [PeerAddress?]) -> PeerAddress {
        var client = peer
        for station in stations.reversed() {
            guard let station else { break }
            client = station
            if !isTrusted(station) { break }
        }
        return client
    }

    private func isTrusted(_ address: PeerAddress) -> Bool { blocks.contains { $0.contains(address) } }
}
