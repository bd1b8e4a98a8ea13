import EventJSON
import Foundation

@testable import Relay

/// Reads a configuration's text as if it stood in a file of this directory.
func reading(
    _ text: String, environment: [String: String] = [:], files: [String: String] = [:]
) throws -> Configuration.Reading {
    let directory = NSTemporaryDirectory() + "hookswitch-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: directory) }
    for (name, content) in files {
        try content.write(toFile: "\(directory)/\(name)", atomically: true, encoding: .utf8)
    }
    try text.write(toFile: directory + "/routes.json", atomically: true, encoding: .utf8)
    return Configuration.read(path: directory + "/routes.json", environment: { environment[$0] })
}

/// A right configuration in which one part is the test's.
func configuration(
    sources: String = #"{"s": {"path": "/s"}}"#, targets: String = #"{"t": {"file": {"path": "t.ndjson"}}}"#,
    routes: String = #"[{"name": "r", "to": ["t"]}]"#, more: String = ""
) -> String {
    """
    {\(more)
    "sources": \(sources),
    "targets": \(targets),
    "routes": \(routes)}
    """
}
