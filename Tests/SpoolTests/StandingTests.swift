import Testing

@testable import Spool

struct StandingTests {
    private let standing = Standing(
        segment: 11, covered: 130, queue: QueueID(rawValue: 3), owed: [1, 0, 7], failed: [.max])

    @Test func aStandingIsReadAsItWasWritten() {
        #expect(standing.encoded.withUnsafeBytes(Standing.init) == standing)
    }

    @Test func lengthsThatDoNotFitMakeItNone() {
        #expect(Array(standing.encoded.dropLast()).withUnsafeBytes(Standing.init) == nil)
        #expect((standing.encoded + [0]).withUnsafeBytes(Standing.init) == nil)
        #expect([UInt8]().withUnsafeBytes(Standing.init) == nil)
    }
}
