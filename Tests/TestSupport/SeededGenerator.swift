/// Chance that a seed reproduces (SplitMix64).
public struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// Chance that this seed always gives.
    public init(seed: some BinaryInteger) { state = UInt64(truncatingIfNeeded: seed) }

    /// The next 64 bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Places at which bytes are split on their way, in order.
    public mutating func splits(of count: Int) -> [Int] {
        (0..<Int.random(in: 0...6, using: &self)).map { _ in Int.random(in: 0...count, using: &self) }.sorted()
    }

    /// Bytes with a few of them changed, left out, repeated, or replaced by what parsers stumble over.
    public mutating func mutated(_ original: [UInt8], pieces: [String]) -> [UInt8] {
        var bytes = original
        for _ in 0..<Int.random(in: 1...4, using: &self) {
            let place = Int.random(in: 0...bytes.count, using: &self)
            let end = min(bytes.count, place + Int.random(in: 0...8, using: &self))
            switch Int.random(in: 0..<5, using: &self) {
            case 0: bytes.removeSubrange(place..<end)
            case 1: bytes.insert(contentsOf: bytes[place..<end], at: place)
            case 2: bytes.replaceSubrange(place..<end, with: pieces.randomElement(using: &self)!.utf8)
            case 3: bytes.insert(contentsOf: pieces.randomElement(using: &self)!.utf8, at: place)
            default: if place < bytes.count { bytes[place] = UInt8.random(in: .min ... .max, using: &self) }
            }
        }
        return bytes
    }
}
