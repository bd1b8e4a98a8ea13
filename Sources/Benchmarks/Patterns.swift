import CPlatform
import EventJSON
import EventPattern
import Foundation

/// One thread over real payloads, again and again: the whole body validated, and all routes matched, at 10 to 100,000 of them.
/// In the same call: the bare scan, and memchr over the same bytes, as the limits.
enum Patterns {
    private static let counts = [10, 1000, 10_000, 100_000]
    private static let otherCount = 10_000

    static func run(_ options: BenchmarkTool.Options) throws -> Report {
        let bodies = try payloads()
        let bytes = bodies.reduce(0) { $0 + $1.count }
        let mean = Double(bytes) / Double(bodies.count)
        var figures: [(String, Double)] = []
        let seconds = Double(options.seconds) / 4
        var first = 0.0
        for count in counts {
            let patterns = try rules(count, bodies)
            let before = residentMegabytes()
            let start = hs_monotonic_ns()
            var paths = PathSet()
            let matcher = PatternMatcher(patterns, adding: &paths)
            let built = Double(hs_monotonic_ns() - start) / 1e6
            let memory = residentMegabytes() - before
            let (rate, matched) = try measure(matcher, paths, bodies, seconds)
            if first == 0 { first = rate }
            figures += [
                ("events_per_second_\(count)_routes", rate), ("mb_per_second_\(count)_routes", rate * mean / 1e6),
                ("ratio_to_10_routes_at_\(count)", rate / first), ("build_ms_\(count)_routes", built),
                ("memory_mb_\(count)_routes", memory), ("matches_per_event_\(count)_routes", matched),
            ]
        }
        for (name, shape) in otherShapes {
            let patterns = try (0..<otherCount).map { try EventPattern(JSONDocument(Array(shape($0).utf8)).root) }
            var paths = PathSet()
            let matcher = PatternMatcher(patterns, adding: &paths)
            let (rate, _) = try measure(matcher, paths, bodies, seconds)
            figures.append(("ratio_to_10_routes_at_\(otherCount)_\(name)", rate / first))
        }
        figures += [
            ("scan_mb_per_second", try scan(bodies, seconds) / 1e6),
            ("memchr_mb_per_second", search(bodies, seconds) / 1e6),
        ]
        return Report(
            title: "\(bodies.count) payloads of \(Int(mean)) bytes on average, one thread, every byte validated",
            figures: figures.map { (name: $0.0, value: $0.1) })
    }

    /// Routes that have little in common with one another, or all of it but a piece.
    private static let otherShapes: [(String, @Sendable (Int) -> String)] = [
        ("wildcards_that_begin_alike", { #"{"data":{"voucher":{"code":[{"wildcard":"Your-*-\#($0)"}]}}}"# }),
        ("wildcards_with_stars_at_both_ends", { #"{"type":[{"wildcard":"*created_\#($0)*"}]}"# }),
        ("keys_of_their_own", { #"{"data":{"customer":{"metadata":{"key_\#($0)":["yes"]}}}}"# }),
        ("ranges", { #"{"data":{"voucher":{"discount":{"amount_off":[{"numeric":[">",\#($0 + 1)00000]}]}}}}"# }),
    ]

    private static func payloads() throws -> [[UInt8]] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Tests/AcceptanceTests/Fixtures/payloads")
        var bodies: [[UInt8]] = []
        for kind in ["project", "distribution"] {
            let directory = root.appendingPathComponent(kind)
            for name in try FileManager.default.contentsOfDirectory(atPath: directory.path).sorted() {
                // As senders send them: without white space.
                let file = Array(try Data(contentsOf: directory.appendingPathComponent(name)))
                bodies.append(CompactJSON.compacted(file))
            }
        }
        return bodies
    }

    /// Type, channel and project exact; one in ten with `prefix`, one in ten with `anything-but`, one in twenty with `wildcard`.
    private static func rules(_ count: Int, _ bodies: [[UInt8]]) throws -> [EventPattern?] {
        let types = try bodies.map { try JSONDocument($0).root[key: "type"]?.string ?? "" }
        let channels = ["API", "CLIENT_API", "INTERNAL", "USER_PORTAL"]
        return try (0..<count).map { number in
            let type = types[number % types.count]
            var condition = quoted(type)
            if number % 20 == 5 {
                condition = "{\"wildcard\":\(quoted("*\(type.suffix(type.count / 2))"))}"
            } else if number % 10 == 3 {
                condition = "{\"prefix\":\(quoted(String(type.prefix(type.count / 2))))}"
            } else if number % 10 == 7 {
                condition = "{\"anything-but\":[\(quoted(type))]}"
            }
            // A few routes are the payloads' own project's; the others belong to as many projects as a company has.
            let project = number % 1000 < 10 ? "proj_5T4Rpl4T1nuM" : "proj_\(number)"
            let text =
                "{\"type\":[\(condition)],\"event\":{\"event_source\":{\"channel\":[\(quoted(channels[number % 4]))]}},"
                + "\"project_id\":[\(quoted(number >= 10 ? "\(project)\(number / 1000)" : project))]}"
            return try EventPattern(JSONDocument(Array(text.utf8)).root)
        }
    }

    private static func quoted(_ text: String) -> String {
        var writer = JSONWriter()
        writer.string(text)
        return writer.text
    }

    private static func measure(_ matcher: PatternMatcher, _ paths: PathSet, _ bodies: [[UInt8]], _ seconds: Double)
        throws -> (rate: Double, matched: Double)
    {
        var scanner = EventScanner(paths)
        var scratch = matcher.makeScratch()
        var events = 0
        var matched = 0
        let start = hs_monotonic_ns()
        while Double(hs_monotonic_ns() - start) / 1e9 < seconds {
            for body in bodies {
                try body.withUnsafeBytes { bytes in
                    try scanner.scan(bytes)
                    try matcher.match(scanner, in: bytes, of: NoRequest(), &scratch)
                }
                matched += scratch.matched.count
            }
            events += bodies.count
        }
        return (Double(events) / (Double(hs_monotonic_ns() - start) / 1e9), Double(matched) / Double(events))
    }

    /// Bytes a second that the scanner validates when nothing is looked for.
    private static func scan(_ bodies: [[UInt8]], _ seconds: Double) throws -> Double {
        var scanner = EventScanner(PathSet())
        var bytes = 0
        let start = hs_monotonic_ns()
        while Double(hs_monotonic_ns() - start) / 1e9 < seconds {
            for body in bodies {
                try body.withUnsafeBytes { try scanner.scan($0) }
                bytes += body.count
            }
        }
        return Double(bytes) / (Double(hs_monotonic_ns() - start) / 1e9)
    }

    /// Bytes a second in which memchr looks for a byte that is not there.
    private static func search(_ bodies: [[UInt8]], _ seconds: Double) -> Double {
        var bytes = 0
        var found = 0
        let start = hs_monotonic_ns()
        while Double(hs_monotonic_ns() - start) / 1e9 < seconds {
            for body in bodies {
                body.withUnsafeBytes { if memchr($0.baseAddress!, 0, $0.count) != nil { found += 1 } }
                bytes += body.count
            }
        }
        return found == 0 ? Double(bytes) / (Double(hs_monotonic_ns() - start) / 1e9) : 0
    }

    private static func residentMegabytes() -> Double {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Double($0) } ?? 0
        return pages * Double(sysconf(Int32(_SC_PAGESIZE))) / 1e6
    }
}
