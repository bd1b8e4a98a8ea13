import EventJSON

/// What stands behind a verb: options by name, and the rest in order.
struct Arguments {
    private var values: [String: [String]] = [:]
    private var switches: Set<String> = []
    private(set) var rest: [String] = []

    /// Arguments that name a configuration, and nothing else.
    init(configuration path: String?) { values["--config"] = path.map { [$0] } }

    /// Reads arguments by a verb's options. `--name value` and `--name=value` are the same; behind `--` everything is rest.
    init(_ arguments: [String], for verb: Verb) throws(Failure) {
        var index = 0
        var onlyRest = false
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            if onlyRest || !argument.hasPrefix("-") || argument == "-" {
                rest.append(argument)
            } else if argument == "--" {
                onlyRest = true
            } else {
                let parts = argument.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                let name = String(parts[0])
                guard let option = verb.allOptions.first(where: { $0.name == name }) else {
                    throw Arguments.unknown(name, verb)
                }
                if option.value == nil {
                    guard parts.count == 1 else { throw Failure(ExitCode.usage, "\(name) takes no value") }
                    switches.insert(name)
                } else if values[name] != nil && !option.isRepeatable {
                    throw Failure(
                        ExitCode.usage, "\(name) is given more than once",
                        hint: "it takes one value: \(name) \(option.value ?? "")")
                } else if parts.count == 2 {
                    values[name, default: []].append(String(parts[1]))
                } else if index < arguments.count {
                    values[name, default: []].append(arguments[index])
                    index += 1
                } else {
                    throw Failure(ExitCode.usage, "\(name) needs a value: \(name) \(option.value ?? "")")
                }
            }
        }
        if !verb.takesRest, let first = rest.first {
            throw Failure(
                ExitCode.usage, "`hookswitch \(verb.name)` takes no argument \"\(first)\"",
                hint: "see `hookswitch help \(verb.name)`")
        }
    }

    private static func unknown(_ name: String, _ verb: Verb) -> Failure {
        let near = Spelling.nearest(to: name, in: verb.allOptions.map(\.name))
        return Failure(
            ExitCode.usage, "`hookswitch \(verb.name)` has no option \(name)",
            hint: near.map { "did you mean \($0)?" } ?? "see `hookswitch help \(verb.name)`")
    }

    /// Whether a switch is there.
    func has(_ name: String) -> Bool { switches.contains(name) }

    /// The value of an option that is given once.
    subscript(name: String) -> String? { values[name]?.first }

    /// All values of an option that may be given more than once.
    func all(_ name: String) -> [String] { values[name] ?? [] }
}
