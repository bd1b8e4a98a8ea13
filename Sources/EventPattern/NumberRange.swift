/// Numbers between two bounds: `{"numeric": [">", 0, "<=", 5]}`.
public struct NumberRange: Hashable, Sendable {
    /// The smallest, or minus infinity.
    public var low: Double
    /// Whether the smallest itself belongs to it.
    public var includesLow: Bool
    /// The largest, or infinity.
    public var high: Double
    /// Whether the largest itself belongs to it.
    public var includesHigh: Bool

    func contains(_ value: Double) -> Bool {
        (value > low || (includesLow && value == low)) && (value < high || (includesHigh && value == high))
    }
}
