import Glibc
import Platform
import Relay

extension Verb {
    static let initialize = Verb(
        name: "init", summary: "writes a first routes.json for Voucherify, which explains itself",
        options: [Option("--config", "FILE", "what to write; $HOOKSWITCH_CONFIG or routes.json without it")],
        discussion: """
            Nothing is overwritten. Beside it goes routes.schema.json, by which an editor completes keys and shows what they
            mean. The file runs as it is: what arrives on loopback is kept in a file for each type and day.
            """
    ) { arguments throws(Failure) in
        let path = ConfigurationFile.path(arguments)
        try Verb.create(path, FirstConfiguration.bytes)
        let slash = path.lastIndex(of: "/")
        let schema = slash.map { path[...$0] + "routes.schema.json" } ?? "routes.schema.json"
        if access(schema, F_OK) != 0 { try Verb.create(schema, Verb.schemaText) }
        let option = path == "routes.json" ? "" : " --config \(path)"
        StandardStream.output.write(
            """
            wrote \(path) and \(schema)
            next:
              hookswitch check\(option)                                  what is wrong with it: nothing yet
              hookswitch run\(option)                                    the relay
              hookswitch send\(option) --type redemption.succeeded       a sample, from another terminal
            then set the secret that Voucherify signs with, as the description of the source says

            """)
        return ExitCode.ok
    }

    private static func create(_ path: String, _ bytes: [UInt8]) throws(Failure) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            let isThere = errno == EEXIST
            throw Failure(
                ExitCode.cantCreate,
                isThere ? "\(path) is there already" : "\(path): \(String(cString: strerror(errno)))",
                hint: isThere ? "name another one with --config, or see what `hookswitch check` says of it" : "")
        }
        defer { close(descriptor) }
        var written = 0
        while written < bytes.count {
            let count = bytes[written...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw Failure(ExitCode.file, "\(path): \(String(cString: strerror(errno)))") }
            written += count
        }
    }
}
