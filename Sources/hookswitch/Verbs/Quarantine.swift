import EventJSON
import Platform
import Relay

extension Verb {
    static let quarantine = Verb(
        name: "quarantine", operands: "[list | show N | release N… | discard N…]",
        summary: "lists, shows, releases or discards requests whose signature failed",
        options: [
            config, json, Option("--source", "NAME", "only this source's, for `list`"),
            Option("--all", "everything that is kept, for `release` and `discard`"),
            Option("--force", "release although the signature still fails"),
        ],
        discussion: """
            A source with "on_invalid": "quarantine" refuses such requests like any other, and keeps them apart: at most 64 MiB, the \
            oldest make room. Mend the secret, reload, and release them: their signature is checked again, as of when they came, and \
            they become events by the routes of now.
            """
    ) { arguments throws(Failure) in
        let call = QuarantineCall(arguments, ControlSocket(spoolPath: try ConfigurationFile(arguments).spoolPath()))
        let rest = Array(arguments.rest.dropFirst())
        switch arguments.rest.first ?? "list" {
        case "list" where rest.isEmpty: return try call.list()
        case "show" where rest.count == 1: return try call.show(rest[0])
        case "release": return try call.settle("release", rest)
        case "discard": return try call.settle("discard", rest)
        default:
            throw Failure(
                ExitCode.usage, "`hookswitch quarantine` takes list, show N, release N… or discard N…",
                hint: "like `hookswitch quarantine release 3 4`")
        }
    }
}

/// What `quarantine` asks the daemon.
private struct QuarantineCall {
    /// Numbers settled in one request.
    private static let batch = 1000
    private static let path = "/api/v1/quarantine"

    private let arguments: Arguments
    private let daemon: ControlSocket
    private let isJSON: Bool

    init(_ arguments: Arguments, _ daemon: ControlSocket) {
        self.arguments = arguments
        self.daemon = daemon
        isJSON = arguments.has("--json")
    }

    func list() throws(Failure) -> Int32 {
        var table = Table(["NUMBER", "RECEIVED AT", "SOURCE", "CLIENT", "BYTES", "REASON"])
        var dropped = 0
        for kept in try entries(dropped: &dropped) {
            if isJSON {
                StandardStream.output.write(kept.compact + [0x0A])
            } else {
                let number = kept.value[key: "number"]?.integer ?? 0
                let bytes = kept.value[key: "bytes"]?.integer ?? 0
                func text(_ key: String) -> String { kept.value[key: key]?.string ?? "" }
                table.add([
                    String(number), text("received_at"), text("source"), text("client"), String(bytes), text("reason"),
                ])
            }
        }
        if !isJSON { StandardStream.output.write(table.isEmpty ? "nothing is in quarantine\n" : table.text) }
        if dropped > 0 {
            StandardStream.error.write(
                "note: \(dropped) more made room or could not be kept since the daemon's start\n")
        }
        return ExitCode.ok
    }

    func show(_ number: String) throws(Failure) -> Int32 {
        guard UInt64(number) != nil else { throw notANumber(number) }
        let answer = try daemon.ask("\(QuarantineCall.path)/\(number)")
        if isJSON {
            StandardStream.output.write(answer + [0x0A])
            return ExitCode.ok
        }
        let kept = try document(answer)
        func text(_ key: String) -> String { kept[key: key]?.string ?? "" }
        var lines = "received    \(text("received_at"))\nsource      \(text("source"))\nclient      \(text("client"))\n"
        lines += "refused     \(text("reason"))\nrequest     \(text("request"))\n"
        for header in kept[key: "headers"]?.members ?? [] {
            lines += "header      \(header.key): \(header.value.string ?? "")\n"
        }
        lines += "\n" + (kept[key: "body"]?.string ?? "(base64) \(text("body_base64"))") + "\n"
        StandardStream.output.write(Table.shown(lines, keepingLines: true))
        return ExitCode.ok
    }

    func settle(_ action: String, _ names: [String]) throws(Failure) -> Int32 {
        guard names.isEmpty == arguments.has("--all") else {
            throw Failure(
                ExitCode.usage, "`hookswitch quarantine \(action)` takes numbers, or --all",
                hint: "`hookswitch quarantine` lists what there is")
        }
        var numbers: [Int] = []
        for name in names {
            guard let number = Int(name), number > 0 else { throw notANumber(name) }
            numbers.append(number)
        }
        if names.isEmpty {
            var dropped = 0
            numbers = try entries(dropped: &dropped).compactMap { $0.value[key: "number"]?.integer }
        }
        var isComplete = true
        for start in stride(from: 0, to: numbers.count, by: QuarantineCall.batch) {
            let part = numbers[start..<min(numbers.count, start + QuarantineCall.batch)]
            var request = JSONWriter()
            request.object { writer in
                writer.member("numbers") { writer in
                    writer.array { writer in for number in part { writer.raw(Array(String(number).utf8)) } }
                }
                if arguments.has("--force") { writer.member("force", true) }
            }
            let answer = try document(try daemon.ask("\(QuarantineCall.path)/\(action)", posting: request.bytes))
            for result in answer[key: "results"]?.array ?? [] {
                isComplete = isComplete && result[key: "done"]?.isTrue == true
                let number = result[key: "number"]?.integer ?? 0
                let text = result[key: "result"]?.string ?? ""
                if isJSON {
                    var line = JSONWriter()
                    line.object {
                        $0.member("number", number)
                        $0.member("result", text)
                        if let event = result[key: "event"]?.integer { $0.member("event", event) }
                        $0.member("done", result[key: "done"]?.isTrue == true)
                    }
                    line.endLine()
                    StandardStream.output.write(line.bytes)
                } else {
                    StandardStream.output.write("\(number): \(text)\n")
                }
            }
        }
        return isComplete ? ExitCode.ok : ExitCode.failure
    }

    /// All that is kept, page by page, of the source that is asked for.
    private func entries(dropped: inout Int) throws(Failure) -> [(value: JSONValue, compact: [UInt8])] {
        var entries: [(JSONValue, [UInt8])] = []
        var next: Int? = 0
        while let after = next {
            let answer = try daemon.ask("\(QuarantineCall.path)?after=\(after)")
            let page = try document(answer)
            for kept in page[key: "quarantined"]?.array ?? [] {
                if let source = arguments["--source"], kept[key: "source"]?.string != source { continue }
                entries.append((kept, Array(answer[kept.range])))
            }
            dropped = page[key: "dropped"]?.integer ?? 0
            next = page[key: "next"]?.integer
        }
        return entries
    }

    private func document(_ bytes: [UInt8]) throws(Failure) -> JSONValue {
        do throws(JSONSyntaxError) { return try JSONDocument(bytes).root } catch {
            throw Failure(ExitCode.failure, "the daemon's answer can't be read: \(error.message)")
        }
    }

    private func notANumber(_ text: String) -> Failure {
        Failure(
            ExitCode.badData, "\"\(text)\" is no number of a request in quarantine",
            hint: "`hookswitch quarantine` lists what there is")
    }
}
