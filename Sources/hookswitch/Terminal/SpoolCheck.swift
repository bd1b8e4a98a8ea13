import EventJSON
import Platform
import Spool

/// `hookswitch spool verify`: every file with what was found in it.
struct SpoolCheck {
    private let path: String
    private let isJSON: Bool

    init(_ path: String, _ arguments: Arguments) throws(Failure) {
        guard arguments.rest.count == 1 else {
            throw Failure(ExitCode.usage, "`hookswitch spool verify` takes no events: it looks at all of them")
        }
        self.path = path
        isJSON = arguments.has("--json")
    }

    func run() throws(Failure) -> Int32 {
        var table = Table(["FILE", "FORMAT", "RECORDS", "ERASED", "NUMBERS", "BYTES", "STATE"], keeping: ["FILE"])
        var events = 0
        var damages: [String] = []
        var progress = Progress("verifying", unit: "MiB")
        var walked = 0
        do throws(SpoolError) {
            let inspection = SpoolInspection(path: path)
            let size = try inspection.size()
            progress.show(0, of: size >> 20)
            try inspection.run { report in
                walked += report.bytes
                progress.show(min(walked, size) >> 20, of: size >> 20)
                if report.name.hasSuffix(".segment") { events += report.records }
                damages += SpoolCheck.faults(of: report)
                if isJSON {
                    StandardStream.output.write(SpoolCheck.object(report))
                } else {
                    table.add(SpoolCheck.row(report))
                }
            }
            progress.end()
        } catch {
            progress.end()
            throw Failure(ExitCode.file, error.described)
        }
        if !isJSON {
            var text = table.text + "\n"
            for damage in damages { text += damage + "\n" }
            text += damages.isEmpty ? "\(events) events, nothing is damaged\n" : "\(events) events can be read\n"
            StandardStream.output.write(text)
        }
        return damages.isEmpty ? ExitCode.ok : ExitCode.badData
    }

    private static func faults(of report: SpoolInspection.FileReport) -> [String] {
        var faults = report.damages.map { "\(report.name): bytes \($0.lowerBound) to \($0.upperBound) are no record" }
        faults += report.missing.map {
            "\(report.name): events \($0.lowerBound) to \($0.upperBound - 1) were accepted and are in no segment"
        }
        if report.format == nil { faults.append("\(report.name): its header is damaged") }
        if report.indexIsTrue == false { faults.append("\(report.name): its index does not fit its records") }
        return faults
    }

    private static func row(_ report: SpoolInspection.FileReport) -> [String] {
        [
            report.name, report.format.map { String($0) } ?? "?", String(report.records), String(report.erased),
            report.numbers.map { "\($0.lowerBound)-\($0.upperBound)" } ?? "", String(report.bytes),
            report.isSound ? "sound" : "DAMAGED",
        ]
    }

    private static func object(_ report: SpoolInspection.FileReport) -> [UInt8] {
        var writer = JSONWriter()
        writer.object { writer in
            writer.member("file", report.name)
            if let format = report.format { writer.member("format", Int(format)) }
            writer.member("bytes", report.bytes)
            writer.member("records", report.records)
            writer.member("erased", report.erased)
            if let numbers = report.numbers {
                writer.member("first", numbers.lowerBound)
                writer.member("last", numbers.upperBound)
            }
            writer.member("sound", report.isSound)
            writer.member("damaged") { writer in
                writer.array { writer in
                    for range in report.damages {
                        writer.object {
                            $0.member("from", range.lowerBound)
                            $0.member("to", range.upperBound)
                        }
                    }
                }
            }
            writer.member("missing") { writer in
                writer.array { writer in
                    for range in report.missing {
                        writer.object {
                            $0.member("first", range.lowerBound)
                            $0.member("last", range.upperBound - 1)
                        }
                    }
                }
            }
        }
        return writer.bytes + [0x0A]
    }
}
