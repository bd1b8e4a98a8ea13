import EventJSON
import Platform
import Relay
import Spool

/// `hookswitch spool export`: events as NDJSON on standard output, in order.
struct SpoolExport {
    private let stored: StoredEvents
    private let numbers: Set<UInt64>?
    private var filter: StoredEventFilter?

    init(_ arguments: Arguments) throws(Failure) {
        let named = try SpoolExport.numbers(arguments)
        numbers = named.isEmpty ? nil : Set(named)
        filter = try SpoolExport.filter(arguments)
        if arguments.has("--dry-run") { throw Failure(ExitCode.usage, "--dry-run goes with `hookswitch spool erase`") }
        stored = try StoredEvents(arguments)
    }

    func run() throws(Failure) -> Int32 {
        var filter = filter
        var code = ExitCode.ok
        var missing = numbers ?? []
        try stored.each(
            unreadable: { number, error in
                guard numbers?.contains(number.rawValue) != false else { return }
                code = ExitCode.badData
                missing.remove(number.rawValue)
                StandardStream.error.write("event \(number): \(error.described)\n")
            },
            { event, deliveries in
                guard numbers?.contains(event.number.rawValue) != false, filter?.takes(event) != false else {
                    return true
                }
                missing.remove(event.number.rawValue)
                var writer = JSONWriter()
                EventReport(event, deliveries).write(to: &writer)
                return StandardStream.output.write(writer.bytes + [0x0A])
            })
        if filter == nil {
            for number in missing.sorted() {
                StandardStream.error.write("event \(number) is not, or no longer, in the spool\n")
                code = ExitCode.failure
            }
        }
        return code
    }

    /// The events named behind the action.
    static func numbers(_ arguments: Arguments) throws(Failure) -> [UInt64] {
        var numbers: [UInt64] = []
        for text in arguments.rest.dropFirst() {
            guard let number = UInt64(text), number > 0 else {
                throw Failure(ExitCode.badData, "\"\(text)\" is no event number", hint: "like 1042")
            }
            numbers.append(number)
        }
        return numbers
    }

    /// What `--match` asks for.
    static func filter(_ arguments: Arguments) throws(Failure) -> StoredEventFilter? {
        guard let pattern = arguments["--match"] else { return nil }
        do throws(StoredEventFilter.Fault) { return try StoredEventFilter(pattern: pattern) } catch {
            throw Failure(ExitCode.badData, error.message, hint: error.hint)
        }
    }
}
