import Cluster
import HTTPServer

extension Configuration {
    /// The directory that the file stands in.
    public var directory: String { String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]) }

    /// Where the verbs find the daemon: only its own user may connect.
    public var controlSocket: ListenAddress { .unix(path: spool.path + "/hookswitch.sock", mode: 0o600) }

    /// The keys whose change a reload can't bring about.
    func changesForNextStart(in new: Configuration) -> [String] {
        var keys: [String] = []
        if listen != new.listen { keys.append("listen") }
        if loops != new.loops { keys.append("loops") }
        if admin != new.admin { keys.append("admin") }
        if adminToken != new.adminToken { keys.append("admin_token") }
        if spool != new.spool || cluster != new.cluster { keys.append("spool") }
        if limits != new.limits { keys.append("limits") }
        return keys
    }
}

extension Configuration {
    /// The cluster's settings with those of `spool` and of the sources that count there.
    public var clusterInForce: ClusterSettings? {
        guard var settings = cluster else { return nil }
        settings.path = spool.path
        settings.retain = spool.retain
        settings.bodyLimitBytes = bodyLimitBytes
        settings.maxSizeBytes = spool.maxSizeBytes
        settings.dedupe = sources.compactMap(\.dedupe?.duration)
        settings.signatures = sources.compactMap(\.verify?.repeatable).max() ?? .zero
        settings.client.first = settings.client.servers.indices.randomElement() ?? 0
        return settings
    }
}
