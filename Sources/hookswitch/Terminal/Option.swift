/// An option of a verb.
struct Option: Sendable {
    /// With its dashes: `--target`.
    var name: String
    /// What its value is called; `nil` for a switch.
    var value: String?
    var help: String
    /// What a shell offers for its value.
    var completion: Completion
    /// Whether it may be given more than once: all its values count then.
    var isRepeatable = false

    /// A switch.
    init(_ name: String, _ help: String) {
        self.name = name
        self.help = help
        completion = .nothing
    }

    /// An option with a value. Without `completing` the usual names of values say what a shell offers: `FILE`, `TARGET`, ….
    init(
        _ name: String, _ value: String, _ help: String, completing completion: Completion? = nil,
        isRepeatable: Bool = false
    ) {
        self.isRepeatable = isRepeatable
        self.name = name
        self.value = value
        self.help = help
        self.completion = completion ?? Completion(valueName: value, of: name)
    }
}
