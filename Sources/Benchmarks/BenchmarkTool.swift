import Platform

/// `swift run -c release Benchmarks NAME [--json] [--seconds N] [--rounds N]`; `cluster` has `--connections` as well, and `ingest`
/// more: `Ingest.Setting`.
enum BenchmarkTool {
    /// What is asked for.
    struct Options {
        var isJSON = false
        /// How long one round of one side takes.
        var seconds = 5
        /// How often each side runs, in turn with the other.
        var rounds = 3
        /// How many senders' connections `cluster` and `ingest` have: as many as `deliver`.
        var connections = Deliver.connections
        /// What `ingest` is run with.
        var ingest = Ingest.Setting()
    }

    /// A part of a benchmark that runs in a process of its own, on a core of its own.
    private static let parts: [String: @Sendable (ArraySlice<String>) throws -> Void] = [
        BareLibcurl.name: { try BareLibcurl.run($0) }, Latency.name: { try Latency.run($0) },
        Answering.name: { _ in Answering.run() }, BarePublisher.name: { try BarePublisher.run($0) },
    ]

    private static let benchmarks: [(name: String, summary: String, run: @Sendable (Options) throws -> Report)] = [
        ("ingest", "the door with a durable write behind each 202, against nginx `return 200`", { try Ingest.run($0) }),
        (
            "deliver", "an event from the door to its target, against a bare libcurl loop and nginx `proxy_pass`",
            { try Deliver.run($0) }
        ),
        ("spool", "appending durably against the bare disk and SQLite; reading; starting", { try SpoolBench.run($0) }),
        (
            "cluster",
            "a relay on three NATS brokers against a bare pipelined publisher; the time until another takes over",
            { try Clustered.run($0) }
        ),
        ("patterns", "the matcher at 10 to 100,000 routes, against the bare scan and memchr", { try Patterns.run($0) }),
    ]

    /// Runs what is named; answers the exit code.
    static func run(_ arguments: [String]) -> Int32 {
        if let name = arguments.first, let part = parts[name] {
            do { try part(arguments.dropFirst()) } catch {
                StandardStream.error.write("\(error)\n")
                return 1
            }
            return 0
        }
        guard let name = arguments.first, let benchmark = benchmarks.first(where: { $0.name == name }),
            let options = options(arguments.dropFirst(), of: name)
        else {
            var text = "usage: Benchmarks NAME [--json] [--seconds N] [--rounds N]\n"
            text += "       Benchmarks cluster … [--connections N]\n"
            text += "       Benchmarks ingest … [--connections N] [--loops N] [--tls] [--sync always|never]\n"
            for benchmark in benchmarks { text += "  \(benchmark.name)  \(benchmark.summary)\n" }
            StandardStream.error.write(text)
            return 64
        }
        do {
            let report = try benchmark.run(options)
            StandardStream.output.write(options.isJSON ? report.json : report.text)
            return 0
        } catch let error as MissingPeer {
            StandardStream.error.write("\(error.program) is missing: apt-get install \(error.package)\n")
            return 69
        } catch {
            StandardStream.error.write("\(error)\n")
            return 1
        }
    }

    private static func options(_ arguments: ArraySlice<String>, of benchmark: String) -> Options? {
        var options = Options()
        var rest = arguments
        while let name = rest.popFirst() {
            switch name {
            case "--json": options.isJSON = true
            case "--seconds", "--rounds":
                guard let value = rest.popFirst().flatMap({ Int($0) }), (1...600).contains(value) else { return nil }
                if name == "--seconds" { options.seconds = value } else { options.rounds = value }
            case "--connections" where ["cluster", "ingest"].contains(benchmark):
                guard let value = rest.popFirst().flatMap({ Int($0) }), (1...4000).contains(value) else { return nil }
                options.connections = value
            default:
                guard benchmark == "ingest", options.ingest.take(name, &rest) else { return nil }
            }
        }
        return options
    }
}
