import CPlatform
import EventJSON
import Glibc
import HTTPServer
import Platform
import Relay

extension Verb {
    static let send = Verb(
        name: "send", operands: "[FILE|-]", completing: .files,
        summary: "posts a sample or a file to the running daemon, signed as the source expects",
        options: [
            config,
            Option(
                "--type", "TYPE|FILE", "a sample of this event type (redemption.succeeded without it), or a file",
                completing: .types),
            Option("--source", "NAME", "the source it is sent to; the first one without it"),
        ]
    ) { arguments throws(Failure) in
        let configuration = try ConfigurationFile(arguments).usable()
        let source = configuration.sources[try Verb.source(arguments["--source"], in: configuration)]
        let body = try Verb.body(arguments, for: source, limitBytes: configuration.bodyLimitBytes)
        guard let address = configuration.listen.first(where: { $0.isOpenToAnyone })?.address else {
            throw Failure(
                ExitCode.configuration, "`listen` names no address that can be sent to from here",
                hint: "a socket that is passed on, one for a proxy or one with TLS can't: add one on 127.0.0.1")
        }
        let base = Verb.base(address)
        let signed = source.sign(body, now: hs_wall_ms(), host: String(base.dropFirst("http://".count)))
        var call = HTTPCall(url: base + source.path + (signed.query.isEmpty ? "" : "?\(signed.query)"))
        if case .unix(let path, _) = address { call.socket = path }
        call.body = body
        call.headers = [("content-type", source.sampleType)] + signed.headers
        let answer: HTTPCall.Answer
        do throws(HTTPCall.Fault) { answer = try call.perform() } catch {
            switch error {
            case .refused:
                throw Failure(
                    ExitCode.unavailable, "no daemon answers at \(address)", hint: "start one with `hookswitch run`")
            case .other(let reason):
                throw Failure(
                    ExitCode.unavailable, "the daemon at \(address) does not answer: \(reason)", hint: "see its log")
            }
        }
        StandardStream.output.write(answer.body + [0x0A])
        guard answer.status != 503 else {
            throw Failure(
                ExitCode.unavailable, "the relay at \(address) takes no events now",
                hint: "`hookswitch status` shows its spool; on a cluster `hookswitch check --live` asks the brokers")
        }
        return answer.status < 300 ? ExitCode.ok : ExitCode.failure
    }

    private static func body(_ arguments: Arguments, for source: SourceConfiguration, limitBytes: Int) throws(Failure)
        -> [UInt8]
    {
        guard arguments.rest.count <= 1 else { throw Failure(ExitCode.usage, "one event at a time can be sent") }
        let named = arguments.rest.first ?? arguments["--type"]
        if let named, named == "-" || arguments.rest.first != nil || access(named, F_OK) == 0 {
            do throws(FileReadError) {
                return try FileContent.read(named == "-" ? "/dev/stdin" : named, limitBytes: limitBytes)
            } catch {
                throw Failure(ExitCode.file, "\(named): \(error.reason)")
            }
        }
        let type = named ?? "redemption.succeeded"
        if !Sample.types.contains(type), let near = Spelling.nearest(to: type, in: Sample.types) {
            StandardStream.error.write("note: Voucherify sends no \"\(type)\"; did you mean \"\(near)\"?\n")
        }
        return Sample.body(type: type, for: source, now: hs_wall_ms())
    }

    /// Where the door is for somebody on this machine: one that listens everywhere listens on loopback too.
    private static func base(_ address: ListenAddress) -> String {
        switch address {
        case .v4(0, let port): "http://127.0.0.1:\(port)"
        case .v6(0, 0, let port): "http://[::1]:\(port)"
        case .v4, .v6: "http://\(address)"
        case .unix, .inherited: "http://hookswitch"
        }
    }
}

extension ListenerSettings {
    /// Whether a client can connect that knows no more than the configuration.
    fileprivate var isOpenToAnyone: Bool {
        if case .inherited = address { false } else { !readsProxyHeader && !speaksTLS }
    }
}
