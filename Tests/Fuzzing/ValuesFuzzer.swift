@testable import HTTPServer

/// libFuzzer's entry: the first byte says whose value the rest is, of the headers that say how a request is read. Each is read as
/// its rule says, which stands here once more in its slowest form, or refused.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzValues(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    guard count > 0, let bytes else { return 0 }
    let names = ["Content-Length", "Transfer-Encoding", "Host", "Expect", "Connection", "X-Signature"]
    let name = names[Int(bytes[0] & 0x7F) % names.count]
    let value = Array(UnsafeBufferPointer(start: bytes + 1, count: count - 1))
    let minor = bytes[0] & 0x80 == 0 ? 1 : 0
    let host = name == "Host" ? "" : "Host: a\r\n"
    let request = Array("POST / HTTP/1.\(minor)\r\n\(host)\(name): ".utf8) + value + Array("\r\n\r\n".utf8)
    let outcome = HeadOutcome(request)
    precondition(outcome != .unfinished || value.contains(0x0D) || value.contains(0x0A))
    if value.contains(where: { ($0 < 0x20 && $0 != 0x09) || $0 == 0x7F }) {
        // A line's end makes another line of what is behind it, which is a test of its own.
        precondition(value.contains(0x0A) || outcome.status == 400, "a control byte was taken")
        return 0
    }
    let bare = trimmed(value[...])
    let text = String(decoding: bare, as: UTF8.self).lowercased()
    switch name {
    case "Content-Length":
        let isNumber = (1...18).contains(bare.count) && bare.allSatisfy { (0x30...0x39).contains($0) }
        precondition(outcome.head?.framing == (isNumber ? .length(Int(text) ?? -1) : nil), "another length")
        precondition(isNumber || outcome.status == 400)
    case "Transfer-Encoding":
        precondition((outcome.head != nil) == (minor == 1 && text == "chunked"), "another coding than chunked alone")
        precondition(outcome.head.map { $0.framing == .chunked } ?? [400, 501].contains(outcome.status))
    case "Host":
        let fit = Set("abcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=%:[]".utf8)
        if outcome.head != nil {
            precondition(
                !bare.isEmpty && bare.allSatisfy { fit.contains($0 | ((0x41...0x5A).contains($0) ? 0x20 : 0)) },
                "no host")
        } else {
            precondition(outcome.status == 400)
        }
        let isPlain = !bare.isEmpty && bare.allSatisfy { (0x61...0x7A).contains($0) }
        precondition(!isPlain || outcome.head != nil, "a good host was refused")
    case "Expect":
        let isKnown = minor == 0 || text == "100-continue"
        precondition((outcome.head != nil) == isKnown && (isKnown || outcome.status == 417), "another expectation")
        precondition(outcome.head?.expectsContinue ?? false == (minor == 1 && isKnown))
    case "Connection":
        let options = bare.split(separator: UInt8(ascii: ",")).map {
            String(decoding: trimmed($0), as: UTF8.self).lowercased()
        }
        let keeps = !options.contains("close") && (minor == 1 || options.contains("keep-alive"))
        precondition(outcome.head?.keepsAlive == keeps, "kept where it should be closed, or the other way round")
    default:
        precondition(
            outcome.head?.fields.last?.utf8.count == name.utf8.count + 2
                + String(decoding: bare, as: UTF8.self).utf8.count)
    }
    return 0
}

/// Without the white space around it that is none of a value (RFC 9112 §5).
private func trimmed(_ value: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var value = value.drop { $0 == 0x20 || $0 == 0x09 }
    while value.last == 0x20 || value.last == 0x09 { value.removeLast() }
    return value
}
