/// Finds what a person probably meant.
public enum Spelling {
    /// The candidate that differs least from `text`, if it is near enough: at most a third of the letters, and never all of
    /// them.
    public static func nearest(to text: String, in candidates: some Sequence<String>) -> String? {
        let letters = Array(text.unicodeScalars)
        guard letters.count > 1 else { return nil }
        let limit = max(1, min(letters.count / 3, 4))
        var best: (distance: Int, candidate: String)?
        for candidate in candidates where candidate != text {
            let others = Array(candidate.unicodeScalars)
            guard abs(others.count - letters.count) <= limit else { continue }
            let distance = distance(letters, others, limit: limit)
            if distance <= limit && distance < best?.distance ?? .max { best = (distance, candidate) }
        }
        return best?.candidate
    }

    /// How many letters must be put in, left out, changed or swapped with their neighbour (Damerau–Levenshtein, restricted).
    public static func distance(_ one: String, _ other: String) -> Int {
        distance(Array(one.unicodeScalars), Array(other.unicodeScalars), limit: .max)
    }

    /// The distance, or any number above the limit if it is more.
    private static func distance(_ a: [Unicode.Scalar], _ b: [Unicode.Scalar], limit: Int) -> Int {
        var before = Array(repeating: 0, count: b.count + 1)
        var previous = Array(0...b.count)
        var current = before
        for i in 0..<a.count {
            current[0] = i + 1
            var least = current[0]
            for j in 0..<b.count {
                var cost = min(previous[j] + (a[i] == b[j] ? 0 : 1), previous[j + 1] + 1, current[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
                current[j + 1] = cost
                least = min(least, cost)
            }
            // A swap looks two rows back, and costs one more than what stands there.
            if least > limit && previous.allSatisfy({ $0 >= limit }) { return least }
            (before, previous, current) = (previous, current, before)
        }
        return previous[b.count]
    }
}
