import EventJSON
import HTTPServer

/// Why a request that was understood is not taken as an event.
enum RequestFault: Error {
    case unauthorized(Verifier.Rejection)
    case malformed(JSONSyntaxError)
    case notAnObject(ValueKind)
    case envelope(VoucherifyEnvelope.Fault)
    case tooManyWays
    case notAForm
    case tooManyFields
    case coding(BodyCoding.Fault)
    case origin(TrustedProxies.Fault)
    /// More than the source's rate; another one is taken after so many seconds.
    case tooMany(retryAfterSeconds: Int)

    var response: Response {
        switch self {
        case .unauthorized(let rejection):
            Answers.refusal(
                401, rejection.error, hint: rejection.hint,
                headers: rejection.challenge.map { [.init("www-authenticate", $0)] } ?? [])
        case .coding(let fault): fault.response
        case .origin(let fault): fault.response
        case .tooMany(let seconds):
            Answers.refusal(
                429, "this source takes no more requests for now", hint: "send it again after \(seconds) s",
                headers: [.init("retry-after", String(seconds))])
        case .notAForm:
            Answers.refusal(
                400, "the body is no form", hint: "this source takes content-type: \(FormBody.mediaType)")
        case .tooManyFields:
            Answers.refusal(
                400, "the form has more than \(FormBody.fieldLimit) fields", hint: "send fewer fields in one event")
        case .malformed(let error):
            Answers.refusal(
                400, "the body is not JSON: \(error.message), at byte \(error.offset)",
                hint: "send JSON in UTF-8 (RFC 8259), or give the source `\"body\": \"any\"`")
        case .notAnObject(let kind):
            Answers.refusal(400, "the body is \(kind.described), not an object", hint: "an event is one JSON object")
        case .tooManyWays:
            Answers.refusal(
                422, "the body's arrays can be combined in more ways than the rules can look at",
                hint: "send fewer elements in one event")
        case .envelope(.formerVersion(let faults)):
            Answers.refusal(
                422, "this is a Voucherify webhook of the former version v2018-08-01",
                hint:
                    "switch to v2024-01-01 in Voucherify: Project settings, Webhooks, version; see its migration guide",
                faults: faults)
        case .envelope(.faults(let faults)):
            Answers.refusal(
                422, "the body is no Voucherify webhook of version 2024-01-01: \(faults.joined(separator: "; "))",
                hint: "a raw payload of a distribution needs a source without `envelope`", faults: faults)
        }
    }
}
