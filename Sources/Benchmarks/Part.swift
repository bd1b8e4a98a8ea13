import Foundation

/// A part of a benchmark in a process of its own, held to a core, which prints how many a second it did.
enum Part {
    /// Runs it; answers what it prints.
    static func perSecond(_ arguments: [String], core: Int) throws -> Double {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Peer.path(of: "taskset", package: "util-linux"))
        process.arguments = ["-c", String(core), Workplace.tool.path] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard let perSecond = Double(text.trimmingCharacters(in: .whitespacesAndNewlines)) else {
            throw BenchmarkFault("\(arguments.first ?? "") prints no number: \(text)")
        }
        return perSecond
    }
}
