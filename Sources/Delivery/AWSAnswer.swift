import EventJSON

/// What an AWS service's answer means where its status says too little: entries that were not taken, told of with status 200
/// (EventBridge's PutEvents, SQS's SendMessageBatch, SNS' PublishBatch, Kinesis' and Firehose's records), and faults of status
/// 400 that are none of the event's (throttled, a token that expired). And a function of Lambda that failed, which its header
/// `x-amz-function-error` tells with status 200.
enum AWSAnswer {
    /// What an answer tells of.
    enum Subject: Sendable {
        /// A function of Lambda: the answer is its own.
        case function
        /// What any other service took, or did not.
        case entries

        init(service: String) { self = service == "lambda" ? .function : .entries }
    }

    /// How much of an answer is kept for a look into it, in bytes.
    static let keptBodyBytes = AttemptEnding.Answer.readBodyBytes
    private static let counts = ["FailedEntryCount", "FailedRecordCount", "FailedPutCount"]
    private static let lists = ["Failed", "Entries", "Records", "RequestResponses"]

    /// The ending of a request that was signed for AWS. What is kept for the record is as short as ever.
    static func ending(_ ending: AttemptEnding, of subject: Subject) -> AttemptEnding {
        guard case .answered(var answer) = ending else { return ending }
        let body = answer.body
        answer.body = Array(body.prefix(AttemptEnding.Answer.keptBodyBytes))
        let document = try? JSONDocument(body)
        let fault: AWSFault?
        switch answer.status {
        case 200...299 where subject == .function:
            fault = answer.hasFunctionError ? document.map { function($0.root) } ?? AWSFault() : nil
        case 200...299:
            let faults = document.map { entries($0.root) } ?? entries(in: String(decoding: body, as: UTF8.self))
            // What can be tried again decides: what can't is left when the rest was taken.
            fault = [429, 503, 403, 400].lazy.compactMap { status in faults.first { $0.status == status } }.first
        case 400, 403:
            let whole = document.map { request($0.root) } ?? element(String(decoding: body, as: UTF8.self)[...])
            fault = whole.code.isEmpty ? nil : whole
        default: fault = nil
        }
        if let fault {
            // Of a whole request that is at fault itself, or in a way that nobody knows, the status says enough.
            let isPlain = answer.status >= 300 && (!fault.isKnown || fault.status == 400)
            answer.meaning = .init(
                status: isPlain ? answer.status : fault.status,
                reason: "HTTP \(answer.status): AWS did not take it: \(fault.reason)")
        }
        return .answered(answer)
    }

    /// The entries that failed, in an answer of JSON.
    private static func entries(_ root: JSONValue) -> [AWSFault] {
        let faults = lists.flatMap { list in
            (root[key: list]?.array ?? []).compactMap { entry -> AWSFault? in
                guard let code = (entry[key: "ErrorCode"] ?? entry[key: "Code"])?.string else { return nil }
                var fault = AWSFault(code: short(code))
                fault.message = short((entry[key: "ErrorMessage"] ?? entry[key: "Message"])?.string ?? "")
                if case .bool(let flag)? = entry[key: "SenderFault"]?.content { fault.isSenders = flag }
                return fault
            }
        }
        if faults.isEmpty && counts.contains(where: { root[key: $0]?.integer ?? 0 > 0 }) { return [AWSFault()] }
        return faults
    }

    /// The same in XML, or in JSON that is cut off, of which it is only known that some failed.
    private static func entries(in text: String) -> [AWSFault] {
        var faults: [AWSFault] = []
        if let start = text.firstRange(of: "<Failed>"), let end = text[start.upperBound...].firstRange(of: "</Failed>")
        {
            faults = elements("member", in: text[start.upperBound..<end.lowerBound]).map(element)
        }
        faults += elements("BatchResultErrorEntry", in: text[...]).map(element)
        let hasFailed = counts.contains { name in
            guard let key = text.firstRange(of: "\"\(name)\"") else { return false }
            let value = text[key.upperBound...].drop { $0.isWhitespace || $0 == ":" }
            return value.first.map { ("1"..."9").contains($0) } ?? false
        }
        return faults.isEmpty && hasFailed ? [AWSFault()] : faults
    }

    /// What is wrong with the request as a whole, in an answer of JSON.
    private static func request(_ root: JSONValue) -> AWSFault {
        // `__type` may have a name space before it: com.amazonaws.sqs#QueueDoesNotExist
        let type = root[key: "__type"]?.string ?? root[key: "code"]?.string ?? ""
        return AWSFault(
            code: short(String(type.split(separator: "#").last ?? "")),
            message: short((root[key: "message"] ?? root[key: "Message"])?.string ?? ""))
    }

    /// What a function says of its own failure.
    private static func function(_ root: JSONValue) -> AWSFault {
        AWSFault(
            code: "the function failed",
            message: short((root[key: "errorMessage"] ?? root[key: "errorType"])?.string ?? ""))
    }

    /// What an element of XML says.
    private static func element(_ text: Substring) -> AWSFault {
        AWSFault(
            code: short(elements("Code", in: text).first.map(String.init) ?? ""),
            message: short(elements("Message", in: text).first.map(String.init) ?? ""),
            isSenders: elements("SenderFault", in: text).first == "true")
    }

    private static func elements(_ name: String, in text: Substring) -> [Substring] {
        var found: [Substring] = []
        var rest = text
        while let start = rest.firstRange(of: "<\(name)>"),
            let end = rest[start.upperBound...].firstRange(of: "</\(name)>")
        {
            found.append(rest[start.upperBound..<end.lowerBound])
            rest = rest[end.upperBound...]
        }
        return found
    }

    private static func short(_ text: String) -> String { String(text.prefix(200)) }
}
