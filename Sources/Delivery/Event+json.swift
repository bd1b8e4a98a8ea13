import EventJSON

extension Event {
    /// What placeholders and lines of a file are made of: a form's fields as an object, any other body as it came.
    var json: [UInt8] {
        guard let type = attributes.headers.first(where: { $0.name == "content-type" })?.value, FormBody.isForm(type)
        else { return body }
        return body.withUnsafeBytes(FormBody.json) ?? body
    }
}
