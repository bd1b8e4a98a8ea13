/// Finds what a person probably meant.
public enum Spelling {
    /// The candidate that differs least from `text`, if it is near enough: at most a third of the letters, and never all of
    /// them.
    public static func nearest(to text: String, in candidates: some Sequence<String>) -> String? {
        guard text.count > 1 else { return nil }
        let limit = max(1, min(text.count / 3, 4))
        var best: (distance: Int, candidate: String)?
        for candidate in candidates where candidate != text && abs(candidate.count - text.count) <= limit {
            let distance = distance(text, candidate)
            if distance <= limit && distance < best?.distance ?? .max { best = (distance, candidate) }
        }
        return best?.candidate
    }

    /// How many letters must be put in, left out, changed or swapped with their neighbour (Damerau–Levenshtein, restricted).
    public static func distance(_ one: String, _ other: String) -> Int {
        let a = Array(one)
        let b = Array(other)
        var before: [Int] = []
        var previous = Array(0...b.count)
        for i in 0..<a.count {
            var current = [i + 1]
            for j in 0..<b.count {
                var cost = min(previous[j] + (a[i] == b[j] ? 0 : 1), previous[j + 1] + 1, current[j] + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { cost = min(cost, before[j - 1] + 1) }
                current.append(cost)
            }
            before = previous
            previous = current
        }
        return previous[b.count]
    }
}
