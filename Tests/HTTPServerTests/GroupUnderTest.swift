import Dispatch
import Platform
import Testing

@testable import HTTPServer

/// A group of loops, each with a `HandlerUnderTest`. It ends with the test.
final class GroupUnderTest: Sendable {
    let group: LoopGroup
    let address: ListenAddress
    private let threads: [LoopThread]

    init(_ group: LoopGroup) throws {
        self.group = group
        address = try #require(group.addresses.first)
        let threads = group.start(name: "test") { loop in
            let handler = HandlerUnderTest()
            handler.loop = loop
            return handler
        }
        self.threads = try #require(threads)
    }

    deinit {
        group.stop(within: .zero)
        waitForEnd()
    }

    func waitForEnd() { for thread in threads { thread.join() } }
}

/// A value that one thread puts and another waits for.
final class Glimpsed<Value: Sendable>: @unchecked Sendable {
    // Unchecked: the semaphore orders the one write before the one read.
    private let isThere = DispatchSemaphore(value: 0)
    private var value: Value?

    func put(_ value: Value) {
        self.value = value
        isThere.signal()
    }

    func take() throws -> Value {
        try #require(isThere.wait(timeout: .now() + 30) == .success, "what was waited for did not come")
        return try #require(value)
    }
}
