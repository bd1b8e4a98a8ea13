import EventJSON
import Spool

/// Which events are to be erased: the body of `POST /api/v1/erase`.
///
///     {"events": [1042, 1043]}
struct EraseRequest {
    /// Events named in one request at most.
    static let eventLimit = 1000

    var events: [EventNumber]

    init(_ body: [UInt8]) throws(BodyFault) {
        let hint = "send {\"events\": [1042]}"
        let root: JSONValue
        do throws(JSONSyntaxError) { root = try JSONDocument(body).root } catch {
            throw BodyFault(message: "the body is not JSON: \(error.message)", hint: hint)
        }
        for member in root.members ?? [] where member.key != "events" {
            throw BodyFault(message: "there is no key \"\(member.key)\" here", hint: hint)
        }
        let numbers = root[key: "events"]?.array?.map { $0.integer ?? 0 }
        guard let numbers, !numbers.isEmpty, numbers.allSatisfy({ $0 > 0 }) else {
            throw BodyFault(message: "no event is named, or one is no positive integer", hint: hint)
        }
        guard numbers.count <= EraseRequest.eventLimit else {
            throw BodyFault(
                message: "\(numbers.count) events are too many for one request",
                hint: "send at most \(EraseRequest.eventLimit) at a time")
        }
        events = numbers.map { EventNumber(rawValue: UInt64($0)) }
    }
}
