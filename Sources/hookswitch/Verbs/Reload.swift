import EventJSON
import Platform
import Relay

extension Verb {
    static let reload = Verb(
        name: "reload", summary: "has the daemon read its configuration anew", options: [config],
        discussion: "A configuration with errors leaves the old one in force; exit code 78."
    ) { arguments throws(Failure) in
        let file = ConfigurationFile(arguments)
        let answer = try ControlSocket(spoolPath: try file.spoolPath()).answer("/api/v1/reload", posting: [])
        if answer.status == 422 {
            _ = try file.usable()
            throw Failure(ExitCode.configuration, ControlSocket.refusal(answer).message, hint: "see the daemon's log")
        }
        guard answer.status == 200 else { throw ControlSocket.refusal(answer) }
        StandardStream.output.write("the configuration is in force\n")
        return ExitCode.ok
    }
}
