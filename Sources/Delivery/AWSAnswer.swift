/// What AWS's services say in an answer of status 200 of entries that they did not take: EventBridge's PutEvents, SQS's
/// SendMessageBatch, Kinesis' and Firehose's records.
enum AWSAnswer {
    /// How much of an answer is kept for a look into it, in bytes.
    static let keptBodyBytes = 16 << 10
    private static let counts = ["FailedEntryCount", "FailedRecordCount", "FailedPutCount"]

    /// The ending of a request that was signed for AWS: one that was answered well but not taken is a failure, to be tried
    /// again. What is kept for the record is as short as ever.
    static func ending(_ ending: AttemptEnding) -> AttemptEnding {
        guard case .answered(var answer) = ending else { return ending }
        let body = answer.body
        answer.body = Array(body.prefix(AttemptEnding.Answer.keptBodyBytes))
        guard (200...299).contains(answer.status), let fault = fault(in: String(decoding: body, as: UTF8.self)) else {
            return .answered(answer)
        }
        return .broken(reason: "HTTP \(answer.status): AWS did not take it: \(fault)", output: answer.body)
    }

    /// What the body says of entries that failed; `nil` if none did. It may be cut off, so that it is not read as JSON.
    private static func fault(in body: String) -> String? {
        let hasFailed =
            counts.contains { name in value(of: name, in: body)?.first.map { ("1"..."9").contains($0) } ?? false }
            || value(of: "Failed", in: body).map { $0.first == "[" && $0.dropFirst().first { !$0.isWhitespace } != "]" }
                ?? false
        guard hasFailed else { return nil }
        let words = [("ErrorCode", "Code"), ("ErrorMessage", "Message")].compactMap { long, short in
            text(of: long, in: body) ?? text(of: short, in: body)
        }
        return words.isEmpty ? "it says that entries failed" : words.joined(separator: ": ")
    }

    /// What stands behind a name and its colon.
    private static func value(of name: String, in body: String) -> Substring? {
        guard let key = body.firstRange(of: "\"\(name)\"") else { return nil }
        let rest = body[key.upperBound...].drop { $0.isWhitespace }
        return rest.first == ":" ? rest.dropFirst().drop { $0.isWhitespace } : nil
    }

    private static func text(of name: String, in body: String) -> String? {
        guard let value = value(of: name, in: body), value.first == "\"" else { return nil }
        return String(value.dropFirst().prefix { $0 != "\"" }.prefix(200))
    }
}
