/// What patterns have in common is kept once: among 100,000 routes the same few places and types come again and again.
public struct PatternPool {
    private var keys: Set<FieldKey> = []
    private var accepted: Set<[Condition]> = []

    /// An empty pool.
    public init() {}

    /// The same pattern, its parts shared with those that went before it.
    public mutating func shared(_ pattern: EventPattern) -> EventPattern {
        EventPattern(
            alternatives: pattern.alternatives.map { fields in
                fields.map { field in
                    EventPattern.Field(
                        key: keys.insert(field.key).memberAfterInsert,
                        accepted: accepted.insert(field.accepted).memberAfterInsert)
                }
            })
    }
}
