import Testing

/// What a test waited for and did not come.
struct NeverCame: Error {
    var what: String
}

/// Waits until a condition holds: looked at again and again, so that a fast machine does not wait and a slow one has time.
/// A thousand tests share two threads: this one may not have its turn for a minute, and then has not looked yet.
func eventually(
    _ what: String, within limit: Duration = .seconds(60), _ condition: () throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now + limit
    var looks = 0
    while try !condition() {
        looks += 1
        guard clock.now < end || looks < 5000 else { throw NeverCame(what: what) }
        try await Task.sleep(for: .milliseconds(2))
    }
}
