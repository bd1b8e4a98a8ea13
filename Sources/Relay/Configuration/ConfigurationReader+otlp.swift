import Delivery
import EventJSON

/// Reads `otlp`.
extension ConfigurationReader {
    func otlp(_ place: Place) -> TraceSettings? {
        var endpoint: String?
        var headers: [EventAttributes.Header] = []
        object(
            place, required: ["endpoint"],
            [
                ("endpoint", { endpoint = self.collector($0) }),
                ("headers", { headers = self.collectorHeaders($0) }),
            ])
        return endpoint.map { TraceSettings(endpoint: $0, headers: headers) }
    }

    private func collector(_ place: Place) -> String? {
        guard let url = webURL(place, ["http", "https"]) else { return nil }
        guard url.isConstant, !url.source.contains("?"), !url.source.contains("#") else {
            error(
                "a collector's URL is its address and perhaps a path", at: place.value.offset, place.path,
                hint: "for example http://127.0.0.1:4318; spans are posted to /v1/traces below it")
            return nil
        }
        return url.source
    }

    private func collectorHeaders(_ place: Place) -> [EventAttributes.Header] {
        headers(place).compactMap { header in
            guard header.value.isConstant else {
                let value = place.value[key: header.name] ?? place.value
                error(
                    "a collector's header is the same for all spans: it has no placeholders of events",
                    at: value.offset, "\(place.path).\(header.name)")
                return nil
            }
            return EventAttributes.Header(name: header.name, value: header.value.source)
        }
    }
}
