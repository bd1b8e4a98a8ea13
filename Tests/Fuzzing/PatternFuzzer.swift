import EventJSON
import EventPattern

/// libFuzzer's entry: bytes up to the first line feed are a pattern, the rest an event. Whatever they are, nothing breaks,
/// and the automaton and the explanation agree.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzPatterns(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let input = Array(UnsafeRawBufferPointer(start: bytes, count: count))
    let split = input.firstIndex(of: 0x0A) ?? input.count
    guard let document = try? JSONDocument(Array(input[..<split])), let pattern = try? EventPattern(document.root)
    else {
        return 0
    }
    var paths = PathSet()
    let matcher = PatternMatcher([pattern], adding: &paths)
    var scanner = EventScanner(paths)
    var scratch = matcher.makeScratch()
    let event = Array(input[min(split + 1, input.count)...])
    event.withUnsafeBytes { body in
        guard (try? scanner.scan(body)) != nil,
            (try? matcher.match(scanner, in: body, of: NoRequest(), &scratch)) != nil
        else { return }
        let fields = EventFields(scanner, paths: paths, in: body)
        let isExplained = Explanation(pattern, fields) != nil
        precondition(scratch.matched.isEmpty == isExplained, "the automaton and the explanation disagree")
    }
    return 0
}
