/// A body that is a form (`application/x-www-form-urlencoded`), as JSON and as its senders sign it.
public enum FormBody {
    /// The media type of forms.
    public static let mediaType = "application/x-www-form-urlencoded"
    /// The most fields that a form may have.
    public static let fieldLimit = 1000

    /// Whether a `content-type` says so, whatever its parameters.
    public static func isForm(_ contentType: String) -> Bool {
        let type = contentType.prefix { $0 != ";" }
        return type.split(whereSeparator: { $0 == " " || $0 == "\t" }).joined().lowercased() == mediaType
    }

    /// The form as a JSON object: each field a string, one that is there several times a list of strings, in the order in
    /// which the names first came. `nil` if it has more than `fieldLimit` fields.
    public static func json(_ body: UnsafeRawBufferPointer) -> [UInt8]? {
        var places: [String: Int] = [:]
        var fields: [(name: String, values: [String])] = []
        var count = 0
        for field in FormFields(body) {
            count += 1
            guard count <= fieldLimit else { return nil }
            if let place = places[field.name] {
                fields[place].values.append(field.value)
            } else {
                places[field.name] = fields.count
                fields.append((field.name, [field.value]))
            }
        }
        var writer = JSONWriter()
        writer.object { writer in
            for field in fields {
                if field.values.count == 1 {
                    writer.member(field.name, field.values[0])
                } else {
                    writer.member(field.name, field.values)
                }
            }
        }
        return writer.bytes
    }

    /// The fields sorted by name and value, repetitions left out, each name with its value right behind it: what Twilio signs
    /// beside the URL.
    public static func sortedFields(_ body: UnsafeRawBufferPointer) -> [UInt8] {
        var seen: Set<[[UInt8]]> = []
        var fields: [[[UInt8]]] = []
        for field in FormFields(body) {
            let pair = [Array(field.name.utf8), Array(field.value.utf8)]
            if seen.insert(pair).inserted { fields.append(pair) }
        }
        fields.sort { one, other in
            one[0] == other[0]
                ? one[1].lexicographicallyPrecedes(other[1]) : one[0].lexicographicallyPrecedes(other[0])
        }
        return fields.flatMap { $0[0] + $0[1] }
    }
}
