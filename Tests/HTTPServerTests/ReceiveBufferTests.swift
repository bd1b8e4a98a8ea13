import Testing

@testable import HTTPServer

struct ReceiveBufferTests {
    private func buffer(holding text: String) -> ReceiveBuffer {
        let buffer = ReceiveBuffer()
        receive(text, in: buffer)
        return buffer
    }

    private func receive(_ text: String, in buffer: ReceiveBuffer) {
        buffer.free.copyBytes(from: text.utf8)
        buffer.filled(text.utf8.count)
    }

    private func text(_ buffer: ReceiveBuffer) -> String { String(decoding: buffer.received, as: UTF8.self) }

    @Test func whatIsReceivedStandsOneBehindTheOther() {
        let buffer = buffer(holding: "one")
        receive("two", in: buffer)
        #expect(text(buffer) == "onetwo")
        #expect(buffer.free.count == ReceiveBuffer.initialBytes - 6)
    }

    @Test func growingKeepsWhatWasReceived() {
        let buffer = buffer(holding: "one")
        buffer.grow(to: 100_000)
        #expect(text(buffer) == "one")
        #expect(buffer.capacity == 100_000)
        buffer.grow(to: 5)
        #expect(buffer.capacity == 100_000)
    }

    @Test func discardingMovesTheRestToTheFront() {
        let buffer = buffer(holding: "request next")
        buffer.discard(before: 8)
        #expect(text(buffer) == "next")
        buffer.discard(before: 0)
        #expect(text(buffer) == "next")
        buffer.discard(before: 4)
        #expect(buffer.received.isEmpty)
        #expect(buffer.free.count == buffer.capacity)
    }

    @Test func aLargeBodysMemoryIsGivenBack() {
        let buffer = buffer(holding: String(repeating: "a", count: ReceiveBuffer.initialBytes))
        buffer.grow(to: 1 << 20)
        receive("next", in: buffer)
        buffer.discard(before: ReceiveBuffer.initialBytes)
        #expect(text(buffer) == "next")
        #expect(buffer.capacity == ReceiveBuffer.initialBytes)
    }

    @Test func whatIsTakenOutLeavesNoGap() {
        let buffer = buffer(holding: "body\r\n5\r\nrest")
        buffer.remove(4..<9)
        #expect(text(buffer) == "bodyrest")
        buffer.remove(4..<8)
        buffer.remove(2..<2)
        #expect(text(buffer) == "body")
    }

    @Test func memoryStaysWhileMuchIsLeft() {
        let buffer = buffer(holding: "x")
        buffer.grow(to: 1 << 20)
        receive(String(repeating: "a", count: 100_000), in: buffer)
        buffer.discard(before: 1)
        #expect(buffer.count == 100_000)
        #expect(buffer.capacity == 1 << 20)
    }
}
