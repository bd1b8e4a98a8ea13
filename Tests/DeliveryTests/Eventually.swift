import Testing

/// What a test waited for and did not come.
struct NeverCame: Error {
    var what: String
}

/// Waits until a condition holds: looked at again and again, so that a fast machine does not wait and a slow one has time.
func eventually(
    _ what: String, within limit: Duration = .seconds(60), _ condition: () throws -> Bool
) async throws {
    let clock = ContinuousClock()
    let end = clock.now + limit
    while try !condition() {
        guard clock.now < end else { throw NeverCame(what: what) }
        try await Task.sleep(for: .milliseconds(2))
    }
}
