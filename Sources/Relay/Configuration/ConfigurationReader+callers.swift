import Delivery
import EventJSON
import HTTPServer

/// What a source has besides `verify`: who may call, how often, what is answered.
extension ConfigurationReader {
    /// `sources.*.rate`: `"100/s"`, or `{ "requests": "100/s", "per_address": "10/s" }`.
    func requestRate(_ place: Place) -> RequestRate? {
        if place.value.string != nil { return rate(place).map { RequestRate(requests: $0) } }
        var result = RequestRate()
        object(
            place,
            [
                ("requests", { result.requests = self.rate($0) }),
                ("per_address", { result.perAddress = self.rate($0) }),
            ])
        return result
    }

    /// `sources.*.answer`
    func fixedAnswer(_ place: Place) -> FixedAnswer? {
        var answer = FixedAnswer()
        object(
            place,
            [
                ("status", { answer.status = self.integer($0, FixedAnswer.statuses) ?? answer.status }),
                (
                    "body",
                    { place in
                        answer.body = self.string(place) ?? ""
                        if answer.body.utf8.count > FixedAnswer.bodyLimitBytes {
                            self.error(
                                "an answer has at most \(FixedAnswer.bodyLimitBytes) bytes", at: place.value.offset,
                                place.path)
                        }
                    }
                ),
                ("content_type", { answer.contentType = self.string($0) }),
            ])
        if [204, 205].contains(answer.status) && !answer.body.isEmpty {
            error("a \(answer.status) has no body", at: place.value.offset, place.path, hint: "leave `body` out")
        }
        return answer
    }

    /// `sources.*.challenge`: `"slack"`, or `{ "kind": "meta", "token": … }`.
    func challenge(_ place: Place) -> Challenge? {
        if place.value.string != nil { return choice(place, Challenge.Kind.self).map { Challenge(kind: $0) } }
        var kind: Challenge.Kind?
        var token: (text: String, place: Place)?
        object(
            place, required: ["kind"],
            [
                ("kind", { kind = self.choice($0, Challenge.Kind.self) }),
                ("token", { place in token = self.string(place).map { ($0, place) } }),
            ])
        if let token, token.text.isEmpty || (kind != nil && kind != .meta) {
            error(
                token.text.isEmpty ? "a token can't be empty" : "only `meta` has a token", at: token.place.value.offset,
                token.place.path)
        }
        return kind.map { Challenge(kind: $0, token: token?.text) }
    }

    /// `trusted_proxies`, and `sources.*.allow_from`.
    func blocks(_ place: Place, ifEmpty complaint: String) -> [AddressBlock] {
        var blocks: [AddressBlock] = []
        let places = array(place) ?? []
        if places.isEmpty && place.value.array != nil {
            error(complaint, at: place.value.offset, place.path, hint: "leave the key out")
        }
        for element in places {
            guard let text = string(element) else { continue }
            if let published = AddressBlock.voucherify[text] {
                blocks += published.compactMap(AddressBlock.init)
            } else if let block = AddressBlock(text) {
                blocks.append(block)
            } else {
                let near = Spelling.nearest(to: text, in: AddressBlock.voucherify.keys)
                error(
                    "\"\(text)\" is no address or block of addresses", at: element.value.offset, element.path,
                    hint: near.map { "did you mean \"\($0)\"?" }
                        ?? "write \"34.247.197.22\", \"10.0.0.0/8\" or \"voucherify:eu1\"")
            }
        }
        return blocks
    }
}
