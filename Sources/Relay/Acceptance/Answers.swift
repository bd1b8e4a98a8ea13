import EventJSON
import HTTPServer

/// The answers that a sender gets, each with a body in JSON.
enum Answers {
    static func refusal(
        _ status: Int, _ error: String, hint: String, headers: [Response.Header] = [], faults: [String] = []
    ) -> Response {
        var writer = JSONWriter()
        writer.object {
            $0.member("error", error)
            $0.member("hint", hint)
            if !faults.isEmpty { $0.member("faults", faults) }
        }
        return Response(status: status, headers: headers, body: writer.bytes)
    }

    /// What stands behind the number in a 202: made when the event is routed, sent when it is durable.
    static func decision(routes: [String], targets: [String]) -> [UInt8] {
        var writer = JSONWriter()
        writer.object {
            $0.member("routes", routes)
            $0.member("targets", targets)
        }
        return writer.bytes
    }

    static func accepted(_ number: UInt64, decision: [UInt8]) -> Response {
        let beginning: StaticString = "{\"event\":"
        var body: [UInt8] = []
        // 2^64 has twenty digits.
        body.reserveCapacity(beginning.utf8CodeUnitCount + 20 + decision.count)
        body += UnsafeBufferPointer(start: beginning.utf8Start, count: beginning.utf8CodeUnitCount)
        body += String(number).utf8
        body.append(0x2C)
        body += decision[1...]
        return Response(status: 202, body: body)
    }

    static func duplicate(of number: UInt64) -> Response {
        Response(
            status: 202,
            body: Array("{\"event\":\(number),\"duplicate_of\":\(number),\"routes\":[],\"targets\":[]}".utf8))
    }
}
