import EventJSON

extension JSONValue {
    /// A value as a cell shows it; empty for what holds others.
    var plainText: String {
        switch content {
        case .string(let text): text
        case .number(let text): text
        case .bool(let flag): flag ? "true" : "false"
        case .null, .array, .object: ""
        }
    }
}
