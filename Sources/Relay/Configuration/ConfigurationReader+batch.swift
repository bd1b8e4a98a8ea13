import Delivery
import EventJSON

/// Reads in what shape events go to a target: alone or in batches, as they came or as CloudEvents.
extension ConfigurationReader {
    func batch(_ place: Place) -> BatchSettings {
        var settings = BatchSettings()
        object(
            place,
            [
                (
                    "max_events",
                    { settings.maxEvents = self.integer($0, 1...BatchSettings.maxEventsLimit) ?? settings.maxEvents }
                ),
                ("max_bytes", { settings.maxBytes = self.size($0, 1...(64 << 20)) ?? settings.maxBytes }),
                ("linger", { settings.linger = self.duration($0) ?? settings.linger }),
                ("as", { settings.form = self.choice($0, BatchSettings.Form.self) ?? settings.form }),
            ])
        return settings
    }

    /// Checks that kind, format, batch and body of a target go together.
    func checkShape(of target: TargetSettings, _ place: Place) {
        func fault(_ key: String, _ message: String, hint: String = "") {
            let member = place.value.members?.first { $0.key == key }
            error(message, at: member?.keyOffset ?? place.value.offset, "\(place.path).\(key)", hint: hint)
        }
        guard case .http(let http) = target.kind else {
            if target.format != .original { fault("format", "only an http target has a format") }
            if target.batch != nil { fault("batch", "only an http target takes batches") }
            return
        }
        let isForm = http.headers.contains {
            $0.name == "content-type" && $0.value.source.lowercased().hasPrefix("application/x-www-form-urlencoded")
        }
        if let body = target.body, (isForm || http.aws?.service == "sns") && !body.isObject {
            fault("body", "a form is made of an object", hint: "its members become the form's fields")
        }
        if isForm && target.format == .cloudEvents {
            fault("format", "an event in a form is no CloudEvent", hint: "leave the header `content-type` out")
        }
        guard target.batch != nil else { return }
        if target.format == .cloudEventsBinary {
            fault("format", "a batch has no headers for each of its events", hint: "use \"cloudevents\" with `batch`")
        }
        if isForm { fault("batch", "forms make no batch", hint: "leave the header `content-type` out") }
        if !http.url.isConstant || http.headers.contains(where: { !$0.value.isConstant }) {
            fault(
                "batch", "a batch has one URL and one set of headers: placeholders in them have no one event",
                hint: "put them into `body`, which is made for each event")
        }
    }
}
