import Cluster
import Delivery
import EventJSON
import EventPattern
import Glibc
import HTTPServer

extension Configuration {
    /// What reading a file came to.
    public struct Reading: Sendable {
        /// The configuration; `nil` if there is an error.
        public var configuration: Configuration?
        /// All findings, by place.
        public var findings: [Diagnostic]
        /// The text, if it could be read as JSON.
        public var document: JSONDocument?

        /// Whether it can be used.
        public var isUsable: Bool { configuration != nil }
    }

    /// The longest configuration, in bytes: 100,000 routes take about 30 MB.
    public static let sizeLimitBytes = 256 << 20

    /// Reads a file and finds all that is wrong with it.
    public static func read(
        path: String, environment: @escaping (String) -> String? = { getenv($0).map { String(cString: $0) } }
    ) -> Reading {
        func failure(
            _ message: String, at location: JSONDocument.Location = .init(line: 1, column: 1), hint: String = ""
        )
            -> Reading
        {
            Reading(
                configuration: nil,
                findings: [Diagnostic(severity: .error, location: location, path: "", message: message, hint: hint)],
                document: nil)
        }
        let bytes: [UInt8]
        do throws(FileReadError) {
            bytes = try FileContent.read(path, limitBytes: sizeLimitBytes)
        } catch {
            return failure(
                "the file can't be read: \(error.reason)",
                hint: "name another one with --config, or write a first one with `hookswitch init`")
        }
        let document: JSONDocument
        do throws(JSONSyntaxError) {
            document = try JSONDocument(bytes)
        } catch {
            var reading = failure(
                error.message, at: JSONDocument.location(of: error.offset, in: bytes),
                hint: SyntaxHint.hint(for: error, in: bytes))
            reading.document = JSONDocument.unread(bytes)
            return reading
        }
        let absolute = path.hasPrefix("/") ? path : currentDirectory() + "/" + path
        let directory = String(absolute[..<(absolute.lastIndex(of: "/") ?? absolute.startIndex)])
        let reader = ConfigurationReader(document, directory: directory, environment: environment)
        var configuration = reader.configuration()
        configuration.path = absolute
        configuration.text = bytes
        configuration.outline = ConfigurationOutline(document)
        let findings = reader.diagnostics.sorted { $0.location < $1.location }
        let hasErrors = findings.contains { $0.severity == .error }
        return Reading(configuration: hasErrors ? nil : configuration, findings: findings, document: document)
    }

    private static func currentDirectory() -> String {
        guard let buffer = getcwd(nil, 0) else { return "." }
        defer { free(buffer) }
        return String(cString: buffer)
    }
}

extension ConfigurationReader {
    /// Reads the whole document.
    func configuration() -> Configuration {
        var result = Configuration()
        result.spool.path = absolute("spool")
        result.spool.commit = .byThread
        var routePlace: Place?
        var unmatchedPlace: Place?
        var testsPlace: Place?
        object(
            Place(value: document.root, path: ""),
            [
                ("$schema", { _ = self.string($0) }),
                ("listen", { result.listen = self.listen($0) }),
                ("tls", { result.tls = self.tls($0) }),
                ("loops", { result.loops = self.integer($0, 1...256) }),
                ("admin", { result.admin = self.admin($0) }),
                ("admin_token", { result.adminToken = self.secret($0) }),
                ("spool", { self.spool($0, &result) }),
                ("limits", { self.limits($0, &result) }),
                (
                    "trusted_proxies",
                    { result.trustedProxies = self.blocks($0, ifEmpty: "an empty list trusts no proxy") }
                ),
                ("otlp", { result.traces = self.otlp($0) }),
                ("shutdown_timeout", { result.shutdownTimeout = self.duration($0) ?? result.shutdownTimeout }),
                (
                    "sources",
                    { place in
                        self.named(place, "source") { name, place in
                            if let source = self.source(name, place) { result.sources.append(source) }
                        }
                    }
                ),
                (
                    "targets",
                    { place in
                        self.named(place, "target") { name, place in
                            if let target = self.target(name, place) { result.targets.append(target) }
                        }
                    }
                ),
                ("routes", { routePlace = $0 }),
                ("unmatched", { unmatchedPlace = $0 }),
                ("tests", { testsPlace = $0 }),
                ("on_failure", { result.onFailure = self.targets(named: $0) }),
            ])
        // Routes name sources and targets, which may stand behind them in the file.
        if let routePlace { routes(routePlace, &result) }
        if let unmatchedPlace { result.unmatched = references(unmatchedPlace, to: targetNames, "target") }
        checkTogether(result)
        if let testsPlace { holdTests(testsPlace, result) }
        return result
    }

    /// Names as they stand in the file, also of those that could not be read: a fault in a target is not one in its routes.
    func names(of key: String) -> [String] {
        (document.root[key: key]?.members ?? []).filter { !ConfigurationReader.isRemark($0) }.map(\.key)
    }
    var targetNames: [String] { names(of: "targets") }

    /// Targets by name.
    func targets(named place: Place) -> [String] {
        references(place, to: targetNames, "target").map { targetNames[$0] }
    }

    func references(_ place: Place, to known: [String], _ noun: String) -> [Int] {
        var indices: [Int] = []
        for element in array(place) ?? [] {
            guard let name = string(element) else { continue }
            guard let index = known.firstIndex(of: name) else {
                let near = Spelling.nearest(to: name, in: known)
                error(
                    "there is no \(noun) \"\(name)\"", at: element.value.offset, element.path,
                    hint: near.map { "did you mean \"\($0)\"?" }
                        ?? (known.isEmpty
                            ? "no \(noun) is configured" : "there are \(known.prefix(12).joined(separator: ", "))"))
                continue
            }
            if !indices.contains(index) { indices.append(index) }
        }
        return indices
    }

    func secret(_ place: Place) -> String? {
        guard let text = string(place) else { return nil }
        if text.isEmpty {
            error("a secret can't be empty", at: place.value.offset, place.path)
            return nil
        }
        return text
    }

    private func admin(_ place: Place) -> ListenAddress? {
        if case .null = place.value.content { return nil }
        guard let address = address(place) else { return nil }
        if !address.isLocal && document.root[key: "admin_token"] == nil {
            error(
                "off loopback the operators' listener needs `admin_token`", at: place.value.offset, place.path,
                hint: "add \"admin_token\": \"${env:HOOKSWITCH_ADMIN_TOKEN}\", or listen on 127.0.0.1")
        }
        return address
    }

    private func spool(_ place: Place, _ result: inout Configuration) {
        var settings = result.spool
        var cluster: ClusterSettings?
        var buffer: Place?
        object(
            place,
            [
                ("jetstream", { cluster = self.cluster($0) }),
                ("buffer", { buffer = $0 }),
                ("path", { settings.path = self.string($0).map(self.absolute) ?? settings.path }),
                (
                    "sync",
                    { place in
                        guard let text = self.string(place) else { return }
                        if text == "always" {
                            settings.sync = .always
                        } else if text == "never" {
                            settings.sync = .never
                        } else if text.hasPrefix("interval:"), let interval = Units.duration(String(text.dropFirst(9))),
                            interval >= .milliseconds(1)
                        {
                            settings.sync = .interval(interval)
                        } else {
                            self.error(
                                "\"\(text)\" is no way to sync", at: place.value.offset, place.path,
                                hint: "accepted are \"always\", \"interval:100ms\" and \"never\"")
                        }
                    }
                ),
                ("retain", { settings.retain = self.duration($0) ?? settings.retain }),
                ("max_size", { settings.maxSizeBytes = self.size($0, (1 << 20)...Int.max) ?? settings.maxSizeBytes }),
                ("min_free", { settings.minFreeBytes = self.size($0, 0...Int.max) ?? settings.minFreeBytes }),
            ])
        if let buffer, let isBuffered = bool(buffer) {
            cluster?.isBuffered = isBuffered
            if place.value[key: "jetstream"] == nil {
                error(
                    "`buffer` is for a spool that is a cluster", at: buffer.value.offset, buffer.path,
                    hint: "leave the key out: a spool on this machine's disk needs none")
            }
        }
        result.spool = settings
        result.cluster = cluster
    }

    private func limits(_ place: Place, _ result: inout Configuration) {
        var limits = result.limits
        var body = result.bodyLimitBytes
        let moment = Duration.milliseconds(1)
        object(
            place,
            [
                ("body", { body = self.size($0, 1...(512 << 20)) ?? body }),
                ("headers", { limits.headerBytes = self.size($0, 256...(1 << 20)) ?? limits.headerBytes }),
                ("connections", { limits.connections = self.integer($0, 1...1_000_000) ?? limits.connections }),
                ("connections_per_address", { limits.connectionsPerAddress = self.integer($0, 1...1_000_000) }),
                ("memory", { limits.memoryBytes = self.size($0, (1 << 20)...Int.max) ?? limits.memoryBytes }),
                (
                    "header_timeout",
                    { limits.headerTimeout = self.duration($0, atLeast: moment) ?? limits.headerTimeout }
                ),
                ("body_timeout", { limits.bodyTimeout = self.duration($0, atLeast: moment) ?? limits.bodyTimeout }),
                ("idle_timeout", { limits.idleTimeout = self.duration($0, atLeast: moment) ?? limits.idleTimeout }),
            ])
        if body > limits.memoryBytes {
            error(
                "`body` is more than `memory`, which is for the bodies of all connections: the largest could never come in",
                at: (place.value[key: "body"] ?? place.value).offset, place.path, hint: "make `memory` a multiple of it"
            )
        }
        result.limits = limits
        result.bodyLimitBytes = body
    }
}
