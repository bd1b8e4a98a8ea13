import EventJSON
import Spool

extension TargetSettings {
    /// The order that the target keeps, for a log that sees to it itself; `nil` for none.
    public var keptOrder: KeptOrder? {
        guard let order else { return nil }
        return KeptOrder(target: name) { TargetSettings.hash(of: order, in: $0) }
    }

    /// FNV-1a (64 bits) over the value's kind and its decoded text or compact JSON; over nothing if there is no value.
    static func hash(of path: EventPath, in body: UnsafeRawBufferPointer) -> UInt64 {
        let value = EventBody.values(at: [path], in: Array(body))?[path]
        let bytes: [UInt8] =
            switch value {
            case .text(let text): [1] + text
            case .json(let json): [2] + json
            case nil: []
            }
        return bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}
