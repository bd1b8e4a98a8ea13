import Delivery
import EventJSON
import EventPattern
import Glibc

/// What can only be seen when values stand together.
extension ConfigurationReader {
    func checkTogether(_ result: Configuration) {
        checkPaths(result)
        checkFiles(result)
        checkListeners(result)
        checkControlSocket(result)
        if let cluster = result.cluster {
            checkCluster(cluster)
            checkRetention(result)
        }
        checkSpace(result)
        var used = Set(result.unmatched)
        for route in result.routes { used.formUnion(route.to) }
        let named = Set(result.onFailure + result.targets.flatMap { $0.onFailure ?? [] })
        let targets = (document.root[key: "targets"]?.members ?? []).filter { !ConfigurationReader.isRemark($0) }
        for (index, member) in targets.enumerated() where !used.contains(index) && !named.contains(member.key) {
            warning(
                "no route names the target \"\(member.key)\"", at: member.keyOffset, "targets.\(member.key)",
                hint: "add it to the `to` of a route, or take it out")
        }
        if result.sources.isEmpty && !diagnostics.contains(where: { $0.path.hasPrefix("sources") }) {
            warning(
                "there is no source: no event can arrive", at: document.root.offset, "",
                hint: "add \"sources\": { \"voucherify\": { \"path\": \"/voucherify\" } }")
        }
    }

    private func checkPaths(_ result: Configuration) {
        var seen: [String: String] = [:]
        for source in result.sources where !source.path.isEmpty {
            if let other = seen[source.path],
                let value = document.root[key: "sources"]?[key: source.name]?[key: "path"]
            {
                error(
                    "the source \"\(other)\" has the path \(source.path) already", at: value.offset,
                    "sources.\(source.name).path", hint: "give each source a path of its own")
            }
            seen[source.path] = source.name
        }
    }

    /// What the verbs talk to the daemon by is a socket in the spool, and a socket's name is short.
    private func checkControlSocket(_ result: Configuration) {
        let limit = MemoryLayout.size(ofValue: sockaddr_un().sun_path) - 1
        guard case .unix(let path, _) = result.controlSocket, path.utf8.count > limit else { return }
        let value = document.root[key: "spool"]?[key: "path"] ?? document.root[key: "spool"] ?? document.root
        error(
            "\(path) has \(path.utf8.count) bytes, and the name of a socket has \(limit) at the most", at: value.offset,
            "spool.path", hint: "give the spool a shorter path: a symbolic link to it will do")
    }

    /// A body that the spool could not hold if it held nothing else would be refused with 503 for ever.
    private func checkSpace(_ result: Configuration) {
        let (body, headers) = (result.bodyLimitBytes, result.limits.headerBytes)
        let fits = result.spool.recordLimitBytes - headers
        guard body > fits, let value = document.root[key: "spool"]?[key: "max_size"] else { return }
        warning(
            "the spool has no room for the largest bodies that are accepted: longer than \(fits) bytes they are always refused with 503",
            at: value.offset, "spool.max_size", hint: "raise `spool.max_size`, or lower `limits.body` to \(fits) bytes")
    }

    private func checkListeners(_ result: Configuration) {
        guard let admin = result.admin, admin.port != 0, result.listen.contains(where: { $0.address == admin }) else {
            return
        }
        let offset = (document.root[key: "admin"] ?? document.root[key: "listen"] ?? document.root).offset
        error("`admin` and `listen` are the same address", at: offset, "admin", hint: "give `admin` another port")
    }

    /// Warns of a `type` that Voucherify does not send, where its webhooks can be meant.
    ///
    /// A distribution's type is free text, so an unknown one is only doubtful if it is nearly a known one, or if the
    /// pattern asks for project webhooks and no other sender's events come this way.
    func checkTypes(_ place: Place, _ route: RouteConfiguration, _ result: Configuration) {
        guard let pattern = route.match else { return }
        let unknown = typeValues(place.value).compactMap { value in
            value.text.string.flatMap { text in
                VoucherifyCatalogue.types.contains(text) ? nil : (value: value, text: text, near: nearestType(to: text))
            }
        }
        guard !unknown.isEmpty else { return }
        let indices = route.from ?? Array(result.sources.indices)
        let sources = indices.filter { $0 < result.sources.count }.map { result.sources[$0] }
        // Whoever signs in another way is another sender.
        guard sources.contains(where: { $0.verify == nil || $0.verify?.name == "voucherify" }) else { return }
        let areVoucherify = sources.allSatisfy { $0.envelope == .voucherify }
        let isProject = pattern.alternatives.allSatisfy { fields in
            fields.contains {
                $0.key == .body(EventPath("source.object")) && $0.accepted == [.string(Array("webhook".utf8))]
            }
        }
        for (value, text, near) in unknown {
            // An `event.type` is always Voucherify's own.
            guard near != nil || areVoucherify && (isProject || value.isEventType) else { continue }
            warning(
                "Voucherify sends no type \"\(text)\"", at: value.text.offset, "\(place.path).\(value.path)",
                hint: near.map { "did you mean \"\($0)\"?" } ?? "a distribution may; see the catalogue of types")
        }
    }

    private func typeValues(_ pattern: JSONValue) -> [(text: JSONValue, path: String, isEventType: Bool)] {
        var values: [(JSONValue, String, Bool)] = []
        for element in pattern[key: "type"]?.array ?? [] { values.append((element, "type", false)) }
        for element in pattern[key: "event.type"]?.array ?? [] { values.append((element, "event.type", true)) }
        for element in pattern[key: "event"]?[key: "type"]?.array ?? [] { values.append((element, "event.type", true)) }
        return values
    }
}
