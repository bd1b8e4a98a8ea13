import EventJSON

extension Configuration {
    /// Headers whose values may be seen: they say what is sent, not who sends it.
    private static let openHeaders = ["content-type", "accept", "user-agent"]

    /// Writes the file's text as JSON, secrets blotted out; `null` if there is none.
    func writeBlotted(to writer: inout JSONWriter) {
        do throws(JSONSyntaxError) {
            Configuration.write(try JSONDocument(text).root, to: &writer, isSecret: false)
        } catch {
            writer.null()
        }
    }

    private static func write(_ value: JSONValue, to writer: inout JSONWriter, isSecret: Bool) {
        switch value.content {
        case .object(let members):
            writer.object { writer in
                for member in members {
                    writer.member(member.key) { writer in write(member, to: &writer, isSecret: isSecret) }
                }
            }
        case .array(let elements):
            writer.array { writer in for element in elements { write(element, to: &writer, isSecret: isSecret) } }
        case .string(let text):
            writer.string(isSecret ? SecretText.blotted(text) : SecretText.withoutCredentials(text))
        case .number(let text): writer.raw(Array(isSecret ? "null".utf8 : text.utf8))
        case .bool(let flag): writer.bool(flag)
        case .null: writer.null()
        }
    }

    private static func write(_ member: JSONValue.Member, to writer: inout JSONWriter, isSecret: Bool) {
        // What goes into a request's headers or a command's environment is mostly a secret, whatever it is called.
        if ["headers", "env"].contains(member.key), let inside = member.value.members {
            return writer.object { writer in
                for header in inside {
                    let isOpen = member.key == "headers" && openHeaders.contains(header.key.lowercased())
                    writer.member(header.key) { write(header.value, to: &$0, isSecret: isSecret || !isOpen) }
                }
            }
        }
        write(member.value, to: &writer, isSecret: isSecret || SecretText.isSecret(member.key))
    }
}
