import EventJSON

/// An option of a verb.
struct Option: Sendable {
    var name: String
    /// What its value is called; `nil` for a switch.
    var value: String?
    var help: String

    init(_ name: String, _ help: String) {
        self.name = name
        self.help = help
    }

    init(_ name: String, _ value: String, _ help: String) {
        self.name = name
        self.value = value
        self.help = help
    }
}

/// What stands behind a verb: options by name, and the rest in order.
struct Arguments {
    private(set) var values: [String: String] = [:]
    private(set) var switches: Set<String> = []
    private(set) var rest: [String] = []

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
                } else if parts.count == 2 {
                    values[name] = String(parts[1])
                } else if index < arguments.count {
                    values[name] = arguments[index]
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

    func has(_ name: String) -> Bool { switches.contains(name) }

    subscript(name: String) -> String? { values[name] }
}
