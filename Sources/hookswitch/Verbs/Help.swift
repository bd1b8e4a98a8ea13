import Platform
import Relay

extension Verb {
    static let version = Verb(name: "version", summary: "shows the version") { _ in
        StandardStream.output.write("hookswitch \(hookswitchVersion)\n")
        return ExitCode.ok
    }

    static let help = Verb(name: "help", operands: "[VERB]", summary: "shows what a verb does and takes") {
        arguments throws(Failure) in
        guard let name = arguments.rest.first else {
            StandardStream.output.write(CommandLineTool.overview)
            return ExitCode.ok
        }
        StandardStream.output.write(try CommandLineTool.verb(named: name).helpText)
        return ExitCode.ok
    }
}
