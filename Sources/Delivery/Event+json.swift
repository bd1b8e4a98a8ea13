import EventJSON

extension Event {
    /// What placeholders and lines of a file are made of: a form's fields as an object, any other body as it came.
    ///
    /// A body that is JSON was taken as such, whatever its sender called it: `curl -d` calls everything a form.
    var json: [UInt8] {
        guard let type = attributes.headers.first(where: { $0.name == "content-type" })?.value, FormBody.isForm(type),
            !EventBody.isJSON(body)
        else { return body }
        return body.withUnsafeBytes(FormBody.json) ?? body
    }
}
