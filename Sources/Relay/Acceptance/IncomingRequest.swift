import EventJSON
import EventPattern
import HTTPServer

/// What patterns may ask of a request beside its body: `@source`, `@path`, `@headers.NAME`, `@query.NAME`, `@client`.
struct IncomingRequest: RequestFields {
    let source: String
    let head: RequestHead
    /// Where it came from: the peer, or whom a trusted proxy names.
    let client: PeerAddress

    func texts(at key: FieldKey, _ take: (UnsafeRawBufferPointer) -> Void) {
        switch key {
        case .source: lend(source, take)
        case .path: take(UnsafeRawBufferPointer(rebasing: head.bytes[head.path]))
        case .client: lend(client.description, take)
        case .header(let name):
            for field in head.fields where head.isNamed(field.name, name) {
                take(UnsafeRawBufferPointer(rebasing: head.bytes[field.value]))
            }
        case .query(let name):
            for parameter in FormFields(head.text(head.query)) where parameter.name == name {
                lend(parameter.value, take)
            }
        case .body: break
        }
    }

    private func lend(_ text: String, _ take: (UnsafeRawBufferPointer) -> Void) {
        var text = text
        text.withUTF8 { take(UnsafeRawBufferPointer($0)) }
    }
}
