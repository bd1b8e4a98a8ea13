import EventJSON
import Testing

@testable import Delivery

struct AttemptRecordTests {
    /// The failure of SPEC.md section 7.
    private var failure: AttemptRecord {
        var columns = EventColumns()
        columns.type = "redemption.succeeded"
        columns.id = "whs_0e16e42bc6e0c65b57"
        columns.sourceObject = "webhook"
        columns.channel = "API"
        columns.requestID = "v-1f36113948e50fc4ge"
        columns.eventCreatedAt = "2024-01-01T11:11:11.111Z"
        return AttemptRecord(
            status: .failed, event: 1042, source: "voucherify", columns: columns, target: "crm",
            place: "https://crm.example.com/hooks", executedAt: 1_767_225_600_000, attempt: 13,
            durationMilliseconds: 12,
            ending: .answered(.init(status: 500, body: Array("first 1 KiB".utf8))))
    }

    private func line(_ record: AttemptRecord) -> String {
        var line = JSONWriter()
        record.write(to: &line)
        return line.text
    }

    @Test func aFailureIsTheLineOfTheContractByteForByte() {
        let expected = """
            {"status":"FAILED","type":"redemption.succeeded","webhook_id":"whs_0e16e42bc6e0c65b57",\
            "source":"voucherify","source_object":"webhook","channel":"API","target":"crm",\
            "target_url":"https://crm.example.com/hooks","request_id":"v-1f36113948e50fc4ge",\
            "event_created_at":"2024-01-01T11:11:11.111Z","executed_at":"2026-01-01T00:00:00.000Z",\
            "delivery":"1042/crm","attempt":13,"duration_ms":12,"error":"HTTP 500",\
            "response":{"status":500,"body":"first 1 KiB"},"retry":"hookswitch retry 1042/crm"}
            """
        #expect(line(failure) == expected)
    }

    @Test func aRetryingOneSaysWhenAndNoCommand() {
        var record = failure
        record.status = .retrying(nextAttemptAt: 1_767_225_661_500)
        let line = line(record)
        #expect(line.hasPrefix(#"{"status":"RETRYING","#))
        #expect(line.hasSuffix(#","next_attempt_at":"2026-01-01T00:01:01.500Z"}"#))
    }

    @Test func aSuccessHasNeitherErrorNorRetry() {
        var record = failure
        record.status = .succeeded
        record.ending = .answered(.init(status: 204))
        let line = line(record)
        #expect(line.hasPrefix(#"{"status":"SUCCEEDED","#))
        #expect(line.hasSuffix(#""duration_ms":12,"response":{"status":204,"body":""}}"#))
    }

    @Test func aColumnThatTheEventLacksIsNull() {
        var record = failure
        record.columns = EventColumns()
        #expect(line(record).contains(#""type":null,"webhook_id":null,"source":"voucherify","source_object":null"#))
        #expect(line(record).contains(#""request_id":null,"event_created_at":null,"executed_at""#))
    }

    @Test func aCommandsResponseIsItsExitAndItsOutput() {
        var record = failure
        record.ending = .exited(code: 75, output: Array("busy\n".utf8))
        #expect(
            line(record).contains(
                #""error":"exit 75 (EX_TEMPFAIL)","response":{"exit":75,"output":"busy\n"},"retry""#))
        record.ending = .broken(reason: "killed by signal 9", output: Array("half".utf8))
        #expect(line(record).contains(#""error":"killed by signal 9","response":{"output":"half"},"retry""#))
    }

    @Test func withoutAResponseThereIsNone() {
        var record = failure
        record.ending = .broken(reason: "connection refused: nobody")
        #expect(line(record).contains(#""error":"connection refused: nobody","retry""#))
        record.status = .succeeded
        record.ending = .written
        #expect(line(record).hasSuffix(#""duration_ms":12}"#))
    }

    @Test func whateverABodyHoldsItStaysOneLineOfJSON() {
        var record = failure
        record.ending = .answered(.init(status: 500, body: [0x22, 0x0A, 0x00, 0xFF, 0x5C, 0xE2, 0x82]))
        let line = line(record)
        #expect(!line.contains("\n"))
        #expect(EventBody.isJSON(Array(line.utf8)))
    }
}
