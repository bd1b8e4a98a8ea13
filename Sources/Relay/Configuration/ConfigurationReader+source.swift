import EventJSON

extension ConfigurationReader {
    /// A source, by the key it stands at.
    func source(_ name: String, _ place: Place) -> SourceConfiguration? {
        var source = SourceConfiguration(name: name, path: "")
        var onInvalidOffset: Int?
        object(
            place, required: ["path"],
            [
                (
                    "path",
                    { place in
                        guard let text = self.string(place) else { return }
                        let isPath =
                            text.hasPrefix("/")
                            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != 0x3F && $0 != 0x23 }
                        if isPath {
                            source.path = text
                        } else {
                            self.error(
                                "\"\(text)\" is no path of a URL", at: place.value.offset, place.path,
                                hint: "a path begins with a slash and holds no space, `?` or `#`")
                        }
                    }
                ),
                ("verify", { source.verify = self.verify($0) }),
                ("body", { source.body = self.choice($0, SourceConfiguration.Body.self) ?? source.body }),
                ("envelope", { source.envelope = self.choice($0, SourceConfiguration.Envelope.self) }),
                (
                    "dedupe",
                    { place in
                        var key: EventPath?
                        var duration: Duration?
                        self.object(
                            place, required: ["key", "for"],
                            [("key", { key = self.path($0) }), ("for", { duration = self.duration($0) })])
                        if let key, let duration { source.dedupe = .init(key: key, duration: duration) }
                    }
                ),
                ("allow_from", { source.allowFrom = self.blocks($0, ifEmpty: "an empty list would let nobody in") }),
                ("rate", { source.rate = self.requestRate($0) }),
                ("answer", { source.answer = self.fixedAnswer($0) }),
                ("challenge", { source.challenge = self.challenge($0) }),
                (
                    "on_invalid",
                    {
                        source.onInvalid = self.choice($0, SourceConfiguration.OnInvalid.self) ?? source.onInvalid
                        onInvalidOffset = $0.value.offset
                    }
                ),
            ])
        if let onInvalidOffset, source.onInvalid == .quarantine, place.value[key: "verify"] == nil {
            error(
                "nothing can fail here that `quarantine` would keep", at: onInvalidOffset, "\(place.path).on_invalid",
                hint: "add `verify`, or leave the key out")
        }
        if source.envelope != nil && source.body != .json {
            error("an envelope needs a `json` body", at: place.value.offset, place.path)
        }
        return source
    }
}
