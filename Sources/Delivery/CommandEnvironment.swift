import EventJSON
import Glibc

/// What commands are started with: arguments, and an environment that begins with little. The relay's own does not go on:
/// secrets are in it.
struct CommandEnvironment: Sendable {
    /// Where programs are looked for if the relay itself has no PATH.
    static let defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    private let command: CommandTargetSettings
    private let directory: String
    private let inherited: [[UInt8]]

    init(_ command: CommandTargetSettings, _ options: DeliveryOptions) {
        self.command = command
        directory = command.directory ?? options.directory
        let path = getenv("PATH").map { String(cString: $0) } ?? CommandEnvironment.defaultPath
        var inherited = ["PATH=\(path)"]
        if let lang = getenv("LANG") { inherited.append("LANG=\(String(cString: lang))") }
        if let user = command.user {
            inherited += ["HOME=\(user.home)", "USER=\(user.name)", "LOGNAME=\(user.name)"]
        } else if let home = getenv("HOME") {
            inherited.append("HOME=\(String(cString: home))")
        }
        self.inherited = inherited.map { Array($0.utf8) }
    }

    /// The paths of its placeholders.
    var paths: [EventPath] {
        var paths = command.environment.flatMap { $0.value.paths }
        if case .argv(let templates) = command.form { paths += templates.flatMap(\.paths) }
        return paths
    }

    /// How it is started with these values; `own` are the relay's variables.
    func start(_ values: some TemplateValues, own: [(name: String, value: String)]) -> CommandStart {
        let arguments: [[UInt8]] =
            switch command.form {
            case .argv(let templates): templates.map { $0.renderArgument(values) }
            case .shell(let text): [Array("/bin/sh".utf8), Array("-c".utf8), Array(text.utf8)]
            }
        var environment = inherited
        func add(_ name: String, _ value: some Collection<UInt8>) {
            environment.append(Array(name.utf8) + [UInt8(ascii: "=")] + value.filter { $0 != 0 })
        }
        for variable in own { add(variable.name, variable.value.utf8) }
        for variable in command.environment { add(variable.name, variable.value.renderArgument(values)) }
        return CommandStart(
            arguments: arguments, environment: environment, directory: directory, user: command.user,
            limits: command.limits)
    }
}

extension CommandTargetSettings {
    /// As the record shows it.
    var place: String {
        switch form {
        case .argv(let arguments): arguments.first?.source ?? ""
        case .shell: "/bin/sh -c"
        }
    }
}
