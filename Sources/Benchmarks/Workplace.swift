import Foundation
import Relay

/// What the benchmarks of the whole relay share: its binary, a directory, an event, nginx's configuration.
enum Workplace {
    /// The relay's binary, built beside this one.
    static var binary: URL { tool.deletingLastPathComponent().appendingPathComponent("hookswitch") }

    /// This program.
    static var tool: URL { URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath() }

    /// A directory beside the binary: on the disk that the project is on, not on one in memory.
    static func make() throws -> URL {
        guard FileManager.default.isExecutableFile(atPath: binary.path) else {
            throw BenchmarkFault("\(binary.path) is missing: swift build -c release")
        }
        let directory = binary.deletingLastPathComponent().appendingPathComponent("benchmark-\(getpid())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        return directory
    }

    /// An event of about 1.5 KB, which is what Voucherify sends on the average. `project` tells events apart.
    static func event(project: String? = nil) -> [UInt8] {
        var text = String(decoding: Sample.body(type: "redemption.succeeded", now: 1_704_107_471_111), as: UTF8.self)
        let filler = String(repeating: "a metadata value of a campaign; ", count: 26)
        text = text.replacingOccurrences(
            of: "\"object\":\"redemption\"", with: "\"object\":\"redemption\",\"note\":\"\(filler)\"")
        if let project, let key = text.range(of: "\"project_id\":\""),
            let end = text.range(of: "\"", range: key.upperBound..<text.endIndex)
        {
            text.replaceSubrange(key.upperBound..<end.lowerBound, with: project)
        }
        return Array(text.utf8)
    }

    /// Writes nginx's configuration with these servers: no logs, connections that are kept.
    static func nginx(_ servers: String, workers: Int = 1, named name: String = "nginx", in directory: URL) throws {
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map {
            "\($0)_temp_path \(directory.path)/\(name)-\($0);"
        }
        let text = """
            worker_processes \(workers);
            error_log stderr crit;
            pid \(directory.path)/\(name).pid;
            events { worker_connections 4096; }
            http {
              access_log off;
              \(temporary.joined(separator: "\n  "))
              keepalive_requests 100000000;
              \(servers)
            }
            """
        try text.write(to: directory.appendingPathComponent("\(name).conf"), atomically: true, encoding: .utf8)
    }

    /// Makes a certificate for localhost and its key, on the curve P-256; answers their paths.
    static func certificate(in directory: URL) throws -> (certificate: String, key: String) {
        let paths = (directory.appendingPathComponent("tls.pem").path, directory.appendingPathComponent("tls.key").path)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: try Peer.path(of: "openssl", package: "openssl"))
        process.arguments =
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "9"]
            + ["-subj", "/CN=localhost", "-out", paths.0, "-keyout", paths.1]
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw BenchmarkFault("openssl could not make a certificate") }
        return paths
    }
}
