import Cluster
import EventJSON
import NATS

/// `spool.jetstream`: the brokers that keep the events.
extension ConfigurationReader {
    /// The brokers, what they are to keep, and who the relay is to them.
    func cluster(_ place: Place) -> ClusterSettings? {
        var servers: [ServerAddress] = []
        var settings = ClusterSettings(client: ClientSettings(servers: [], name: "hookswitch"), path: "")
        var identity = Identity()
        object(
            place, required: ["servers"],
            [
                ("servers", { servers = self.brokers($0) }),
                ("replicas", { settings.replicas = self.integer($0, 1...5) ?? settings.replicas }),
                ("name", { settings.name = self.streamName($0) ?? settings.name }),
                (
                    "ack_wait",
                    { settings.ackWait = self.duration($0, atLeast: .seconds(1)) ?? settings.ackWait }
                ),
                ("buffer", { settings.isBuffered = self.bool($0) ?? false }),
                ("tls", { settings.client.tls = self.brokerTLS($0) }),
                ("user", { identity.user = self.string($0) }),
                ("password", { identity.password = self.string($0) }),
                ("token", { identity.token = self.string($0) }),
                ("nkey", { identity.seed = self.brokerKey($0) { .seed($0) } }),
                ("credentials", { identity.credentials = self.brokerKey($0) { .credentials($0) } }),
            ])
        settings.client.servers = servers
        guard let known = identity.known else {
            error(
                "the relay can be only one: `user` with `password`, `token`, `nkey` or `credentials`",
                at: place.value.offset, place.path, hint: "name one of them")
            return nil
        }
        settings.client.identity = known
        return servers.isEmpty ? nil : settings
    }

    /// What a file says of who the relay is to the brokers.
    private struct Identity {
        var user: String?
        var password: String?
        var token: String?
        var seed: String?
        var credentials: String?

        /// Who it is; `nil` if it is several.
        var known: ClientSettings.Identity? {
            guard [user ?? password, token, seed, credentials].count(where: { $0 != nil }) <= 1,
                (user == nil) == (password == nil)
            else { return nil }
            if let user, let password { return .user(user, password: password) }
            if let token { return .token(token) }
            if let seed { return .seed(seed) }
            return credentials.map { .credentials($0) } ?? .nobody
        }
    }

    /// A secret that proves who the relay is, which has a form.
    private func brokerKey(_ place: Place, _ identity: (String) -> ClientSettings.Identity) -> String? {
        guard let text = string(place) else { return nil }
        if let fault = identity(text).fault {
            error(
                fault, at: place.value.offset, place.path,
                hint: "like \"${file:/run/secrets/broker}\": what `nsc` or `nk` wrote, whole")
        }
        return text
    }

    private func brokers(_ place: Place) -> [ServerAddress] {
        let texts = strings(place)
        if texts.isEmpty && place.value.array != nil {
            error("no broker is named", at: place.value.offset, place.path, hint: "like [\"nats://127.0.0.1:4222\"]")
        }
        return texts.compactMap { text, place in
            if let address = ServerAddress(text) { return address }
            error(
                "\"\(text)\" is no address of a broker", at: place.value.offset, place.path,
                hint: "like nats://host:4222 or tls://host:4222; `user`, `password` and `token` are keys of their own")
            return nil
        }
    }

    private func streamName(_ place: Place) -> String? {
        guard let text = string(place) else { return nil }
        if ConfigurationReader.isName(text) && !text.contains(".") { return text }
        error(
            "\"\(text)\" can't name a stream", at: place.value.offset, place.path,
            hint: "names have 1 to 64 letters, digits, `-` or `_`")
        return nil
    }

    private func brokerTLS(_ place: Place) -> ClientSettings.TLS? {
        var tls = ClientSettings.TLS()
        object(
            place,
            [
                ("ca", { tls.authority = self.string($0).map(self.absolute) }),
                ("certificate", { tls.certificate = self.string($0).map(self.absolute) }),
                ("key", { tls.key = self.string($0).map(self.absolute) }),
                ("first", { tls.isFirst = self.bool($0) ?? false }),
            ])
        if (tls.certificate == nil) != (tls.key == nil) {
            error("a certificate and its key go together", at: place.value.offset, place.path)
        }
        return tls
    }

    /// A directory keeps an event for as long as somebody is owed it; a stream lets it go by its age, whatever became of it.
    func checkRetention(_ result: Configuration) {
        let patient = result.targets.filter { $0.retry.attempts != 1 && $0.retry.deadline >= result.spool.retain }
        guard let longest = patient.max(by: { $0.retry.deadline < $1.retry.deadline }),
            let spool = document.root[key: "spool"]
        else { return }
        let (kept, tried) = (Units.text(result.spool.retain), Units.text(longest.retry.deadline))
        let name = "\"\(longest.name)\"" + (patient.count > 1 ? ", the most patient of \(patient.count)," : "")
        warning(
            "events leave the stream after \(kept) (`retain`), and the target \(name) is tried for \(tried) (`retry.for`): "
                + "an event would go while it is still owed",
            at: (spool[key: "retain"] ?? spool).offset, "spool.retain",
            hint: "make `retain` longer than \(tried), or the target's `retry` shorter than \(kept)")
    }

    /// What a cluster does not do, and what only counts where the spool is a directory.
    func checkCluster(_ cluster: ClusterSettings) {
        for member in document.root[key: "spool"]?.members ?? []
        where !cluster.isBuffered && ["sync", "min_free"].contains(member.key) {
            error(
                "`\(member.key)` is for a spool on this machine's disk", at: member.keyOffset, "spool.\(member.key)",
                hint: "leave the key out: the brokers' own configuration says how they sync")
        }
        var ordered = 0
        for target in document.root[key: "targets"]?.members ?? [] {
            for member in target.value.members ?? [] where member.key == "order" {
                ordered += 1
                guard ordered > ClusterSettings.orderedTargets else { continue }
                error(
                    "where the spool is a cluster, \(ClusterSettings.orderedTargets) targets can have an `order`; this is number \(ordered)",
                    at: member.keyOffset, "targets.\(target.key).order",
                    hint: "leave the key out here, or give some targets relays and a `name` of their own")
            }
        }
    }
}
