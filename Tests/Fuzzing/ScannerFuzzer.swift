import EventJSON

/// libFuzzer's entry: whatever the bytes are, the scanner and the strict reader agree on whether they are JSON, but for
/// what the reader alone refuses: the same key twice, and half a surrogate pair.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzScanner(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    let body = UnsafeRawBufferPointer(start: bytes, count: count)
    var paths = PathSet()
    for path in ["a", "a.b", "a.b.c", "", "type", "data.object.id"] { _ = paths.insert(EventPath(path)) }
    var scanner = EventScanner(paths)
    var isScanned = true
    do { try scanner.scan(body) } catch { isScanned = false }
    for field in scanner.fields where field.value.kind == .string {
        _ = JSONString.decode(UnsafeRawBufferPointer(rebasing: body[field.value.range]))
    }
    var isRead = true
    do { _ = try JSONDocument(Array(body)) } catch {
        isRead = false
        let isStricter = error.message.contains("second time") || error.message.contains("surrogate")
        precondition(!isScanned || isStricter, "the scanner takes what the reader refuses: \(error.message)")
    }
    precondition(!isRead || isScanned, "the reader takes what the scanner refuses")
    return 0
}
