import Foundation

/// The receiver of deliveries: nginx with one worker on core 1, which answers 200 and counts.
final class ReceivingNginx {
    let port = Port.free()
    private let nginx: Peer

    /// Where it is delivered to.
    var url: String { "http://127.0.0.1:\(port)/hooks" }

    init(in directory: URL) throws {
        try Workplace.nginx(
            """
            server { listen 127.0.0.1:\(port);
              location / { return 200; }
              location = /status { stub_status; } }
            """, named: "receiver", in: directory)
        nginx = try Peer(
            [
                try Peer.path(of: "nginx", package: "nginx-light"), "-p", directory.path, "-c", "receiver.conf", "-g",
                "daemon off;",
            ], core: 1, port: port, in: directory)
    }

    /// How many requests it has had, those for this number included.
    func received() throws -> Int {
        let connection = Port.connected(port)
        defer { close(connection) }
        let question = Array("GET /status HTTP/1.0\r\n\r\n".utf8)
        var answer = [UInt8](repeating: 0, count: 4096)
        _ = send(connection, question, question.count, Int32(MSG_NOSIGNAL))
        let count = recv(connection, &answer, answer.count, Int32(MSG_WAITALL))
        let text = String(decoding: answer[..<max(count, 0)], as: UTF8.self)
        // "server accepts handled requests", and below it the three numbers.
        let lines = text.split(whereSeparator: \.isNewline).drop { !$0.hasPrefix("server accepts") }
        let numbers = lines.dropFirst().first?.split(separator: " ").compactMap { Int($0) } ?? []
        guard numbers.count == 3 else { throw BenchmarkFault("nginx tells its requests in an unknown way: \(text)") }
        return numbers[2]
    }

    /// Waits until it has had so many, and no more come; answers how many. The questions themselves are left out of it.
    func wait(for count: Int) throws -> Int {
        let deadline = Date().addingTimeInterval(60)
        var asked = 0
        while Date() < deadline {
            asked += 1
            let now = try received() - asked
            if now >= count { return now }
            usleep(5_000)
        }
        throw BenchmarkFault("deliveries are missing: \(try received()) of \(count)")
    }

    func stop() { nginx.stop() }
}

/// A port that takes connections and never answers.
final class DeafListener {
    let port: UInt16
    private let descriptor: Int32

    init() throws {
        descriptor = Port.listening(0)
        guard descriptor >= 0 else { throw BenchmarkFault("no port to listen on") }
        port = Port.of(descriptor)
    }

    func close() { Foundation.close(descriptor) }
}

/// The relay's configuration for this benchmark.
enum RelayText {
    /// What tells the events for a target apart.
    static func project(_ number: Int) -> String { "proj_\(number)" }

    /// A source with a secret, and a target at each URL that gets the events of its own project, so many at once.
    static func routes(port: UInt16, secret: String, urls: [String], concurrency: Int) -> String {
        let targets = urls.enumerated().map {
            "\"t\($0)\":{\"http\":{\"url\":\"\($1)\"},\"concurrency\":\(concurrency)}"
        }
        let routes = urls.indices.map {
            "{\"name\":\"r\($0)\",\"match\":{\"project_id\":[\"\(project($0))\"]},\"to\":[\"t\($0)\"]}"
        }
        return """
            {"listen":"127.0.0.1:\(port)","admin":null,"spool":{"path":"spool","min_free":"64MiB"},
             "sources":{"voucherify":{"path":"/voucherify","verify":{"scheme":"voucherify","secret":"\(secret)"},"envelope":"voucherify-2024-01-01"}},
             "targets":{\(targets.joined(separator: ","))},
             "routes":[\(routes.joined(separator: ",\n"))]}
            """
    }
}
