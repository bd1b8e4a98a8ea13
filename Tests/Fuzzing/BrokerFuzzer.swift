@testable import NATS

/// libFuzzer's entry: what a broker sends, at once and torn in pieces whose length the first byte says. Either way the same
/// events come, or the same fault; and nothing is waited for without end.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzBroker(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard let bytes, count > 1 else { return 0 }
    let all = UnsafeRawBufferPointer(start: bytes + 1, count: count - 1)
    let step = Int(bytes[0] % 16) + 1
    let whole = outcome(of: all, in: all.count)
    let torn = outcome(of: all, in: step)
    precondition(whole.events == torn.events && whole.fault == torn.fault, "tearing changes what is read")
    for case .info(let json) in whole.events { _ = ServerInfo(json) }
    for case .message(let message) in whole.events {
        _ = PublishAnswer(message)
        _ = message.reply.map { DeliveryMark($0) }
    }
    return 0
}

private func outcome(
    of all: UnsafeRawBufferPointer, in step: Int
) -> (events: [ProtocolReader.Event], fault: ProtocolFault?) {
    var reader = ProtocolReader(payloadLimitBytes: 1024)
    var events: [ProtocolReader.Event] = []
    for start in stride(from: 0, to: all.count, by: step) {
        // In memory of its own, so that a byte read too far is found.
        let part = all[start..<min(all.count, start + step)]
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: part.count, alignment: 1)
        defer { copy.deallocate() }
        copy.copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
        reader.append(UnsafeRawBufferPointer(copy))
        do throws(ProtocolFault) {
            while let event = try reader.next() { events.append(event) }
        } catch {
            return (events, error)
        }
    }
    return (events, nil)
}
