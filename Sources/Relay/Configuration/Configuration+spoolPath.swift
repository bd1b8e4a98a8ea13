import EventJSON

extension Configuration.Reading {
    /// Where the spool is, even if the configuration has errors elsewhere: at 3 in the morning somebody may be in the
    /// middle of editing it. `path` is the configuration's.
    public func spoolPath(besides path: String) -> String {
        if let configuration { return configuration.spool.path }
        let directory = path.contains("/") ? String(path[..<path.lastIndex(of: "/")!]) : "."
        let named = document?.root[key: "spool"]?[key: "path"]?.string ?? "spool"
        return named.hasPrefix("/") ? named : "\(directory)/\(named)"
    }
}
