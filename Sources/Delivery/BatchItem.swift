/// One event of a batch: its attempt, and what of it stands in the body.
struct BatchItem: Sendable {
    /// How long a `webhook-ids` line is at the most, in bytes: servers take lines of 8 KiB, and less for one field.
    static let listBytes = 4096

    var attempt: Attempt
    var content: [UInt8]

    /// The id of a batch: the same events make the same.
    static func id(of ids: [String]) -> String {
        "batch_" + TraceContext.traceID(webhookID: ids.joined(separator: ","))
    }

    /// The ids of a batch as values of one list field (RFC 9110 §5.3), on as many lines as they need.
    static func lists(of ids: [String]) -> [String] {
        var lists: [String] = []
        for id in ids {
            if let last = lists.last, last.utf8.count + id.utf8.count < listBytes {
                lists[lists.count - 1] = "\(last), \(id)"
            } else {
                lists.append(id)
            }
        }
        return lists
    }
}
