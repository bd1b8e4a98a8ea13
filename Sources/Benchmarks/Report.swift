import EventJSON

/// What a benchmark found: figures by names that say their unit, and what they were taken from.
struct Report {
    /// What was done, for people.
    var title: String
    /// The figures in order; those that matter most first.
    var figures: [(name: String, value: Double)]

    var text: String {
        let width = figures.map(\.name.count).max() ?? 0
        return title + "\n"
            + figures.map { figure in
                "  " + figure.name + String(repeating: " ", count: width + 2 - figure.name.count)
                    + Report.shown(figure.value) + "\n"
            }.joined()
    }

    var json: String {
        var writer = JSONWriter()
        writer.object { for figure in figures { $0.member(figure.name, figure.value) } }
        return writer.text + "\n"
    }

    private static func shown(_ value: Double) -> String {
        if value >= 1000 { return String(Int(value.rounded())) }
        let hundredths = Int((value * 100).rounded())
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }
}

/// The value in the middle.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}
