import Foundation
import Testing

/// A line of `Fixtures/requests.txt`.
struct RawRequest: CustomStringConvertible {
    /// One answer that must come.
    struct Expected: Equatable {
        var status: Int
        /// What the handler read, where the table says so.
        var echo: String?
    }

    var section: String
    var name: String
    var answers: [Expected]
    /// Whether the server closes behind the last answer, or, without one, still waits.
    var closes: Bool
    var bytes: [UInt8]

    var description: String { "\(section): \(name)" }

    /// All of the table.
    static let all: [RawRequest] = {
        let url = Bundle.module.url(forResource: "requests", withExtension: "txt", subdirectory: "Fixtures")
        let text = url.flatMap { try? String(contentsOf: $0, encoding: .utf8) } ?? ""
        return text.split(separator: "\n").filter { !$0.hasPrefix("#") }.map(RawRequest.init)
    }()

    private init(_ line: Substring) {
        let parts = line.split(separator: " | ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
        precondition(parts.count == 4, "a line of the table has four parts: \(line)")
        (section, name) = (parts[0], parts[1])
        closes = parts[2].hasSuffix("!")
        answers =
            parts[2] == "-"
            ? []
            : parts[2].split(separator: " + ").map { text in
                let plain = text.hasSuffix("!") ? text.dropLast() : text
                let status = Int(plain.prefix(3)) ?? 0
                let echo = plain.dropFirst(4).trimmingSuffix { $0 == " " }
                return Expected(status: status, echo: echo.isEmpty ? nil : String(echo))
            }
        bytes = RawRequest.bytes(parts[3])
    }

    private static func bytes(_ text: String) -> [UInt8] {
        var result: [UInt8] = []
        var rest = text[...]
        while let character = rest.popFirst() {
            switch character {
            case "⏎": result += [0x0D, 0x0A]
            case "\\":
                switch rest.popFirst() {
                case "r": result.append(0x0D)
                case "n": result.append(0x0A)
                case "t": result.append(0x09)
                case "0": result.append(0)
                default:
                    result.append(UInt8(rest.prefix(2), radix: 16) ?? 0)
                    rest = rest.dropFirst(2)
                }
            case "{":
                let end = rest.firstIndex(of: "}") ?? rest.endIndex
                let star = rest[..<end].lastIndex(of: "*") ?? rest.startIndex
                let count = Int(rest[rest.index(after: star)..<end]) ?? 0
                for _ in 0..<count { result += bytes(String(rest[..<star])) }
                rest = rest[rest.index(after: end)...]
            default: result += String(character).utf8
            }
        }
        return result
    }
}

extension Substring {
    fileprivate func trimmingSuffix(_ isDropped: (Character) -> Bool) -> Substring {
        var rest = self
        while let last = rest.last, isDropped(last) { rest.removeLast() }
        return rest
    }
}
