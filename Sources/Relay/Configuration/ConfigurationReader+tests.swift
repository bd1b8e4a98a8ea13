import EventJSON

/// `tests`: events with the routes that must take them, held by `check` and by every reload.
extension ConfigurationReader {
    /// The longest event of a test, in bytes.
    private static let eventLimitBytes = 16 << 20

    /// Reads the tests and holds each against the routes. A configuration that has other errors is not tried.
    func holdTests(_ place: Place, _ result: Configuration) {
        var tests: [(event: [UInt8], source: Int, routes: [String], place: Place)] = []
        let sources = names(of: "sources")
        for element in array(place) ?? [] {
            var event: [UInt8]?
            var source = 0
            var routes: [String]?
            object(
                element, required: ["event", "routes"],
                [
                    ("event", { event = self.event($0) }),
                    (
                        "from",
                        { place in
                            guard let name = self.string(place) else { return }
                            if let index = sources.firstIndex(of: name) {
                                source = index
                            } else {
                                self.error(
                                    "there is no source \"\(name)\"", at: place.value.offset, place.path,
                                    hint: Spelling.nearest(to: name, in: sources).map { "did you mean \"\($0)\"?" }
                                        ?? "")
                            }
                        }
                    ),
                    ("routes", { routes = self.routeNames($0, result) }),
                ])
            if let event, let routes { tests.append((event, source, routes, element)) }
        }
        guard !diagnostics.contains(where: { $0.severity == .error }), !result.sources.isEmpty else { return }
        var explainer = RouteExplainer(result)
        for test in tests {
            do throws(JSONSyntaxError) {
                let report = try explainer.report(on: test.event, from: test.source)
                if let difference = ConfigurationReader.difference(report, test.routes) {
                    error(difference, at: test.place.value.offset, test.place.path, hint: "mend the rule, or the test")
                }
            } catch {
                self.error(
                    "the test's event is not JSON: \(error.message), at byte \(error.offset)",
                    at: test.place.value.offset, test.place.path)
            }
        }
    }

    private func event(_ place: Place) -> [UInt8]? {
        if place.value.members != nil { return Array(document.bytes[place.value.range]) }
        guard let name = string(place) else { return nil }
        let path = absolute(name)
        do throws(FileReadError) {
            return try FileContent.read(path, limitBytes: ConfigurationReader.eventLimitBytes)
        } catch {
            self.error("\(path) can't be read: \(error.reason)", at: place.value.offset, place.path)
            return nil
        }
    }

    private func routeNames(_ place: Place, _ result: Configuration) -> [String]? {
        let known = result.routes.map(\.name)
        var names: [String] = []
        for element in array(place) ?? [] {
            guard let name = string(element) else { return nil }
            if !known.contains(name) {
                error(
                    "there is no route \"\(name)\"", at: element.value.offset, element.path,
                    hint: Spelling.nearest(to: name, in: known).map { "did you mean \"\($0)\"?" } ?? "")
            }
            names.append(name)
        }
        return names
    }

    /// What is otherwise than a test has it: the routes missing, each with the reason, and those that are too many.
    private static func difference(_ report: RouteReport, _ expected: [String]) -> String? {
        var parts: [String] = []
        for name in expected where !report.routes.contains(name) {
            let because = report.not.first { $0.route == name }?.because ?? "it did not"
            parts.append("the route \(name) should take the event: \(because)")
        }
        for name in report.routes where !expected.contains(name) {
            parts.append("the route \(name) takes the event and should not")
        }
        return parts.isEmpty ? nil : parts.joined(separator: "; ")
    }
}
