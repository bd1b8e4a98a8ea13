import Glibc

/// An HTTP/1 answer, read as its bytes come (RFC 9112). A plain value: bytes go in, and what they mean so far comes out.
///
/// It is no stricter than libcurl, by which all other answers come: an unknown field, or a line that is none, is passed over.
struct AnswerReader: Sendable {
    /// How far it has come.
    enum Progress: Equatable {
        /// There must be more.
        case more
        /// The answer is whole, or as much of it as is wanted.
        case whole
        /// It can't be an answer; the reason is for people.
        case broken(reason: String)
    }

    private enum State {
        case statusLine, fields, body(left: UInt64), untilEnd, chunkSize, chunk(left: UInt64), chunkEnd, trailers, whole
    }

    /// The answer as it is known by now.
    private(set) var answer = AttemptEnding.Answer(status: 0)
    /// Whether a byte has come.
    private(set) var hasBegun = false
    /// Whether the connection can be used again once the answer is whole.
    private(set) var keepsConnection = false
    /// For how many seconds the endpoint keeps a connection that nothing is asked on, if it says so.
    private(set) var keepsForSeconds: Int?

    private var state = State.statusLine
    private let keptBodyBytes: Int
    /// The beginning of a line whose end has not come.
    private var begun: [UInt8] = []
    private var bodyBytes = 0
    private var headerBytes = 0
    private var length: UInt64?
    private var isChunked = false
    private var saysClose = false

    /// For one answer, of whose body so many bytes are kept.
    init(keptBodyBytes: Int) {
        self.keptBodyBytes = keptBodyBytes
    }

    /// How far an answer had come that was not whole in time.
    var phase: TransferFault.Phase { hasBegun ? .readingAnswer : .waitingForAnswer }

    /// Takes the next bytes.
    mutating func take(_ bytes: UnsafeRawBufferPointer) -> Progress {
        if !bytes.isEmpty { hasBegun = true }
        var rest = bytes[...]
        while !rest.isEmpty {
            let progress: Progress
            switch state {
            case .statusLine, .fields, .chunkSize, .chunkEnd, .trailers:
                let bytes = UnsafeRawBufferPointer(rebasing: rest)
                let end = bytes.baseAddress.flatMap { start in
                    memchr(start, 0x0A, bytes.count).map { start.distance(to: $0) }
                }
                rest = rest.dropFirst(end.map { $0 + 1 } ?? bytes.count)
                headerBytes += bytes.count - rest.count
                if headerBytes > Transfer.headerLimitBytes {
                    return .broken(reason: "the answer's headers are over \(Transfer.headerLimitBytes >> 10) KiB")
                }
                progress = takeLine(
                    UnsafeRawBufferPointer(rebasing: bytes[..<(end ?? bytes.count)]), isWhole: end != nil)
            case .body(let left): progress = takeBody(&rest, left) { $0 == 0 ? .whole : .body(left: $0) }
            case .chunk(let left): progress = takeBody(&rest, left) { $0 == 0 ? .chunkEnd : .chunk(left: $0) }
            case .untilEnd: progress = takeBody(&rest, .max) { _ in .untilEnd }
            case .whole: progress = .whole
            }
            if progress != .more {
                // What comes behind an answer belongs to none.
                if !rest.isEmpty { keepsConnection = false }
                return progress
            }
        }
        return .more
    }

    /// The connection has ended: whether the answer is whole by that.
    mutating func end() -> Progress {
        switch state {
        case .untilEnd, .whole: .whole
        case .statusLine where !hasBegun: .broken(reason: TransferFault.closedUnanswered)
        case .statusLine, .fields: .broken(reason: "the answer was cut off inside its headers")
        case .body(let left): .broken(reason: "the answer was cut off: \(left) bytes of its body are missing")
        case .chunkSize, .chunk, .chunkEnd, .trailers: .broken(reason: "the answer was cut off inside its body")
        }
    }

    /// Takes a line, or the part of one that has come, without its line feed.
    private mutating func takeLine(_ bytes: UnsafeRawBufferPointer, isWhole: Bool) -> Progress {
        if isWhole && begun.isEmpty { return endLine(bytes) }
        begun.append(contentsOf: bytes)
        guard isWhole else {
            // What is no status line need not end before it is known not to be one.
            if case .statusLine = state, !"HTTP/1.".utf8.starts(with: begun.prefix(7)) { return AnswerReader.notHTTP }
            return .more
        }
        let line = begun
        begun.removeAll(keepingCapacity: true)
        return line.withUnsafeBytes { endLine($0) }
    }

    private mutating func endLine(_ bytes: UnsafeRawBufferPointer) -> Progress {
        let line = bytes.last == 0x0D ? UnsafeRawBufferPointer(rebasing: bytes.dropLast()) : bytes
        switch state {
        case .statusLine: return readStatus(line)
        case .fields:
            if line.isEmpty { return endHead() }
            return readField(line)
        case .chunkSize: return readChunkSize(line)
        case .chunkEnd:
            guard line.isEmpty else {
                return .broken(reason: "the answer is not HTTP: a chunk is longer than its size")
            }
            // Sizes are no headers: they count towards the body.
            headerBytes = 0
            state = .chunkSize
        case .trailers:
            guard line.isEmpty else { return .more }
            state = .whole
            return .whole
        case .body, .untilEnd, .chunk, .whole: break
        }
        return .more
    }

    private static let notHTTP = Progress.broken(reason: "the answer is not HTTP: it begins with no status line")

    /// `HTTP/1.1 200 OK`
    private mutating func readStatus(_ line: UnsafeRawBufferPointer) -> Progress {
        guard line.count >= 12, memcmp(line.baseAddress!, "HTTP/1.", 7) == 0, line[8] == UInt8(ascii: " "),
            line[9..<12].allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), line.count == 12 || line[12] == UInt8(ascii: " "),
            line[9] != UInt8(ascii: "0")
        else { return AnswerReader.notHTTP }
        answer = AttemptEnding.Answer(status: line[9..<12].reduce(0) { $0 * 10 + Int($1 - 0x30) })
        keepsConnection = line[7] != UInt8(ascii: "0")
        length = nil
        isChunked = false
        saysClose = false
        keepsForSeconds = nil
        state = .fields
        return .more
    }

    private mutating func readField(_ line: UnsafeRawBufferPointer) -> Progress {
        guard let field = AnswerField(line) else { return .more }
        switch field.nameLength {
        case 8 where field.isNamed("location"): answer.location = String(field.text.prefix(512))
        case 10 where field.isNamed("keep-alive"): keepsForSeconds = field.number(of: "timeout")
        case 10 where field.isNamed("connection"):
            saysClose = saysClose || field.lists("close")
            keepsConnection = !saysClose && (keepsConnection || field.lists("keep-alive"))
        case 11 where field.isNamed("retry-after"): answer.retryAfter = RetryAfter(field.text)
        case 14 where field.isNamed("content-length"): return readLength(field.value)
        case 17 where field.isNamed("transfer-encoding"):
            isChunked = field.endsWith("chunked")
            if !isChunked { keepsConnection = false }
        case 20 where field.isNamed("x-amz-function-error"): answer.hasFunctionError = true
        default: break
        }
        return .more
    }

    private mutating func readLength(_ digits: UnsafeRawBufferPointer) -> Progress {
        guard !digits.isEmpty, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
            return .broken(reason: "the answer is not HTTP: its content-length is no number")
        }
        var number: UInt64 = 0
        for digit in digits {
            let (tens, isTooLarge) = number.multipliedReportingOverflow(by: 10)
            let (sum, isOver) = tens.addingReportingOverflow(UInt64(digit - 0x30))
            // One that no number holds is none, as with libcurl: the body ends with the connection.
            if isTooLarge || isOver { return .more }
            number = sum
        }
        if let length, length != number {
            return .broken(reason: "the answer is not HTTP: it has two lengths")
        }
        length = number
        return .more
    }

    /// How the body is told from what follows (RFC 9112 §6.3).
    private mutating func endHead() -> Progress {
        // What came was an interim answer (RFC 9110 §15.2).
        if answer.status < 200 && answer.status != 101 {
            state = .statusLine
            return .more
        }
        switch answer.status {
        case 101: keepsConnection = false
        case 204, 304: break
        case _ where isChunked:
            headerBytes = 0
            state = .chunkSize
            return .more
        default:
            guard let length else {
                keepsConnection = false
                state = .untilEnd
                return .more
            }
            guard length == 0 else {
                state = .body(left: length)
                return .more
            }
        }
        state = .whole
        return .whole
    }

    /// `1a2b;extension` (RFC 9112 §7.1)
    private mutating func readChunkSize(_ line: UnsafeRawBufferPointer) -> Progress {
        var size: UInt64 = 0
        var digits = 0
        for byte in line {
            guard let digit = Character(UnicodeScalar(byte)).hexDigitValue else { break }
            digits += 1
            guard digits <= 15 else { break }
            size = size << 4 | UInt64(digit)
        }
        guard (1...15).contains(digits) else { return .broken(reason: "the answer is not HTTP: a chunk has no size") }
        state = size == 0 ? .trailers : .chunk(left: size)
        return .more
    }

    private mutating func takeBody(
        _ rest: inout Slice<UnsafeRawBufferPointer>, _ left: UInt64, _ next: (UInt64) -> State
    ) -> Progress {
        let count = Int(min(UInt64(rest.count), left))
        let bytes = UnsafeRawBufferPointer(rebasing: rest.prefix(count))
        bodyBytes += count
        let room = keptBodyBytes - answer.body.count
        if room > 0 { answer.body.append(contentsOf: bytes.prefix(room)) }
        rest = rest.dropFirst(count)
        state = next(left - UInt64(count))
        if case .whole = state { return .whole }
        guard bodyBytes <= Transfer.bodyLimitBytes else {
            // The status counts; the rest is of no interest.
            keepsConnection = false
            return .whole
        }
        return .more
    }
}
