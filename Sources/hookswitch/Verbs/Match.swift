import EventJSON
import Platform
import Relay

extension Verb {
    static let match = Verb(
        name: "match", operands: "[FILE…|-]", completing: .files,
        summary: "shows which routes and targets take an event, and for those that don't, why not",
        options: [config, json, Option("--source", "NAME", "the source it comes by; the first one without it")],
        discussion: "Reads one event a file, and standard input for `-` or without a file. Nothing is sent."
    ) { arguments throws(Failure) in
        let configuration = try ConfigurationFile(arguments).usable()
        let source = try Verb.source(arguments["--source"], in: configuration)
        var explainer = RouteExplainer(configuration)
        var worst = ExitCode.ok
        for file in arguments.rest.isEmpty ? ["-"] : arguments.rest {
            let body: [UInt8]
            do throws(FileReadError) {
                body = try FileContent.read(file == "-" ? "/dev/stdin" : file, limitBytes: configuration.bodyLimitBytes)
            } catch {
                throw Failure(ExitCode.file, "\(file): \(error.reason)")
            }
            do throws(JSONSyntaxError) {
                let report = try explainer.report(on: body, from: source)
                StandardStream.output.write(
                    arguments.has("--json") ? Verb.object(report, file) : Verb.text(report, file, configuration, source)
                )
            } catch {
                let place = JSONDocument.location(of: error.offset, in: body)
                StandardStream.error.write("\(file):\(place.line):\(place.column): \(error.message)\n")
                worst = ExitCode.badData
            }
        }
        return worst
    }

    /// The source of a name, by place; the first one without a name.
    static func source(_ name: String?, in configuration: Configuration) throws(Failure) -> Int {
        guard !configuration.sources.isEmpty else {
            throw Failure(ExitCode.configuration, "the configuration has no source")
        }
        guard let name else { return 0 }
        guard let place = configuration.sources.firstIndex(where: { $0.name == name }) else {
            let names = configuration.sources.map(\.name)
            throw Failure(
                ExitCode.usage, "there is no source \"\(name)\"",
                hint: Spelling.nearest(to: name, in: names).map { "did you mean \"\($0)\"?" }
                    ?? "there are \(names.joined(separator: ", "))")
        }
        return place
    }

    private static func object(_ report: RouteReport, _ file: String) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("file", file)
            report.writeMembers(to: &writer)
        }
        return writer.bytes + [0x0A]
    }

    private static func text(_ report: RouteReport, _ file: String, _ configuration: Configuration, _ source: Int)
        -> [UInt8]
    {
        var text = "\(file), by source \(configuration.sources[source].name)\n"
        for fault in report.refused { text += "  refused with 422: \(fault)\n" }
        for route in report.routes { text += "  takes it: \(route)\n" }
        for rejection in report.not { text += "  not \(rejection.route): \(rejection.because)\n" }
        text += report.targets.isEmpty ? "  goes nowhere\n" : "  goes to \(report.targets.joined(separator: ", "))\n"
        return Array(Table.shown(text, keepingLines: true).utf8)
    }
}
