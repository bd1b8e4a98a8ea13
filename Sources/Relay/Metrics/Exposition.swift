import Platform

/// Writes metrics as Prometheus reads them: in its text format 0.0.4, or in OpenMetrics 1.0.0.
struct Exposition {
    enum Format: Equatable {
        case prometheus, openMetrics

        /// What an `accept` header asks for.
        init(accept: String) {
            self = accept.contains("application/openmetrics-text") ? .openMetrics : .prometheus
        }

        var contentType: String {
            switch self {
            case .prometheus: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    typealias Labels = KeyValuePairs<String, String>

    /// The samples of one family, written as they come.
    struct Samples {
        fileprivate let name: String
        fileprivate var bytes: [UInt8] = []

        /// A sample that is a whole number.
        mutating func add(_ labels: Labels, _ value: Int) { line("", labels, "\(value)") }

        /// A sample.
        mutating func add(_ labels: Labels, _ value: Double) { line("", labels, "\(value)") }

        /// A histogram, in seconds.
        mutating func add(_ labels: Labels, _ histogram: Histogram) {
            for (bound, count) in histogram.upToBounds { line("_bucket", labels, "\(count)", le: "\(bound)") }
            line("_bucket", labels, "\(histogram.count)", le: "+Inf")
            line("_sum", labels, "\(histogram.sumSeconds)")
            line("_count", labels, "\(histogram.count)")
        }

        /// The family's only sample.
        mutating func add(_ value: Int) { add([:], value) }

        /// The family's only sample.
        mutating func add(_ value: Double) { add([:], value) }

        /// The family's only histogram.
        mutating func add(_ histogram: Histogram) { add([:], histogram) }

        private mutating func line(_ suffix: String, _ labels: Labels, _ value: String, le: String? = nil) {
            bytes += name.utf8
            bytes += suffix.utf8
            var separator: UInt8 = 0x7B
            for (label, text) in labels { pair(label, text, &separator) }
            if let le { pair("le", le, &separator) }
            if separator == 0x2C { bytes.append(0x7D) }
            bytes.append(0x20)
            bytes += value.utf8
            bytes.append(0x0A)
        }

        private mutating func pair(_ label: String, _ text: String, _ separator: inout UInt8) {
            bytes.append(separator)
            separator = 0x2C
            bytes += label.utf8
            bytes += "=\"".utf8
            for byte in text.utf8 {
                switch byte {
                case 0x5C, 0x22: bytes += [0x5C, byte]
                case 0x0A: bytes += "\\n".utf8
                default: bytes.append(byte)
                }
            }
            bytes.append(0x22)
        }
    }

    let format: Format
    private(set) var bytes: [UInt8] = []

    init(_ format: Format) { self.format = format }

    /// A number that only grows; `_total` is added to its name.
    mutating func counter(_ name: String, _ help: String, _ samples: (inout Samples) -> Void) {
        family(format == .openMetrics ? name : name + "_total", "counter", help, name + "_total", samples)
    }

    /// A number that goes up and down.
    mutating func gauge(_ name: String, _ help: String, _ samples: (inout Samples) -> Void) {
        family(name, "gauge", help, name, samples)
    }

    /// Durations, in seconds.
    mutating func histogram(_ name: String, _ help: String, _ samples: (inout Samples) -> Void) {
        family(name, "histogram", help, name, samples)
    }

    /// Nothing comes behind it.
    mutating func end() {
        if format == .openMetrics { bytes += "# EOF\n".utf8 }
    }

    /// A family without a sample is not written.
    private mutating func family(
        _ name: String, _ type: String, _ help: String, _ sampleName: String, _ content: (inout Samples) -> Void
    ) {
        var samples = Samples(name: sampleName)
        content(&samples)
        guard !samples.bytes.isEmpty else { return }
        bytes += "# HELP \(name) \(help)\n# TYPE \(name) \(type)\n".utf8
        bytes += samples.bytes
    }
}
