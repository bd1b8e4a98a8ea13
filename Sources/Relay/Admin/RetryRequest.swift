import CPlatform
import EventJSON
import Spool

/// What is to be sent again: `POST /api/v1/retry`.
///
///     {"deliveries": ["1042/crm", …], "failed_only": true}     these; with `failed_only` those of them that were given up
///     {"failed": true, "target": "crm"}                        all that was given up, of one target or of all
///     {"failed": true, "target": "crm", "after": 1042, "limit": 10000}   a part of it: of the events behind 1042 the first so many
///     {"match": {"type": "redemption.succeeded", "since": "1h"}}   all that was given up and matches, as in `/api/v1/failures`
///
/// With `"dry_run": true` nothing is sent and all is counted.
struct RetryRequest {
    /// Deliveries named in one request at most.
    static let deliveryLimit = 10_000

    enum Selection {
        case named([DeliveryName], failedOnly: Bool)
        case failed(target: String?, after: EventNumber, limit: Int)
        case matching(RecordQuery)
    }

    var selection: Selection
    var isDryRun: Bool

    init(_ body: [UInt8]) throws(BodyFault) {
        let document: JSONDocument
        do throws(JSONSyntaxError) { document = try JSONDocument(body) } catch {
            throw BodyFault(message: "the body is not JSON: \(error.message)", hint: RetryRequest.hint)
        }
        let root = document.root
        guard let members = root.members else {
            throw BodyFault(message: "the body is \(root.described), not an object", hint: RetryRequest.hint)
        }
        for member in members
        where !RetryRequest.keys.contains(member.key) {
            throw BodyFault(message: "there is no key \"\(member.key)\" here", hint: RetryRequest.hint)
        }
        isDryRun = root[key: "dry_run"]?.isTrue == true
        if let elements = root[key: "deliveries"]?.array {
            guard elements.count <= RetryRequest.deliveryLimit else {
                throw BodyFault(
                    message: "\(elements.count) deliveries are too many for one request",
                    hint: "send at most \(RetryRequest.deliveryLimit) at a time")
            }
            var names: [DeliveryName] = []
            for element in elements {
                guard let name = element.string.flatMap(DeliveryName.init) else {
                    throw BodyFault(message: "a delivery is written \"1042/crm\"", hint: RetryRequest.hint)
                }
                names.append(name)
            }
            selection = .named(names, failedOnly: root[key: "failed_only"]?.isTrue == true)
        } else if let conditions = root[key: "match"] {
            selection = .matching(try RetryRequest.query(conditions))
        } else if root[key: "failed"]?.isTrue == true {
            selection = try RetryRequest.failed(root)
        } else {
            throw BodyFault(message: "nothing is named", hint: RetryRequest.hint)
        }
    }

    private static let keys: Set<String> = [
        "deliveries", "failed", "failed_only", "target", "match", "after", "limit", "dry_run",
    ]

    /// All that was given up, or a part of it.
    private static func failed(_ root: JSONValue) throws(BodyFault) -> Selection {
        let target = root[key: "target"]?.string
        var numbers: [Int?] = []
        for key in ["after", "limit"] {
            let value = root[key: key]
            guard let value else {
                numbers.append(nil)
                continue
            }
            guard target != nil, let number = value.integer, number >= (key == "limit" ? 1 : 0) else {
                throw BodyFault(
                    message: target == nil ? "`\(key)` goes with a `target`" : "`\(key)` is not such a number",
                    hint: "send {\"failed\": true, \"target\": \"crm\", \"after\": 1042, \"limit\": 10000}")
            }
            numbers.append(number)
        }
        return .failed(
            target: target, after: EventNumber(rawValue: UInt64(numbers[0] ?? 0)), limit: numbers[1] ?? .max)
    }

    /// The conditions that failures are found by; a number stands for its digits, as an event's does in `text`.
    private static func query(_ conditions: JSONValue) throws(BodyFault) -> RecordQuery {
        guard let members = conditions.members else {
            throw BodyFault(message: "`match` is \(conditions.described), not an object", hint: hint)
        }
        var query = RecordQuery()
        for member in members {
            guard let text = member.value.string else {
                throw BodyFault(message: "`match.\(member.key.prefix(40))` is no text", hint: hint)
            }
            do throws(Problem) { try query.take((member.key, text), now: hs_wall_ms()) } catch {
                throw BodyFault(message: error.detail, hint: error.hint)
            }
        }
        return query
    }

    private static let hint = "send {\"deliveries\": [\"1042/crm\"]} or {\"failed\": true, \"target\": \"crm\"}"
}
