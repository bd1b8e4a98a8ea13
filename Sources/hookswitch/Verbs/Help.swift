import EventJSON
import Platform
import Relay

extension Verb {
    static let version = Verb(name: "version", summary: "shows the version", options: [json]) { arguments in
        if arguments.has("--json") {
            var writer = JSONWriter()
            writer.object { $0.member("version", hookswitchVersion) }
            StandardStream.output.write(writer.bytes + [0x0A])
        } else {
            StandardStream.output.write("hookswitch \(hookswitchVersion)\n")
        }
        return ExitCode.ok
    }

    static let help = Verb(
        name: "help", operands: "[VERB]", completing: .verbs, summary: "shows what a verb does and takes",
        options: [Option("--man", "the manual page's source, for man(1), instead")]
    ) {
        arguments throws(Failure) in
        guard arguments.rest.count <= 1 else { throw Failure(ExitCode.usage, "help is had for one verb at a time") }
        let verb = try arguments.rest.first.map { (name) throws(Failure) in try CommandLineTool.verb(named: name) }
        if arguments.has("--man") {
            StandardStream.output.write(verb.map(ManualPage.text) ?? ManualPage.overview)
        } else {
            StandardStream.output.write(verb?.helpText() ?? CommandLineTool.overview())
        }
        return ExitCode.ok
    }
}
