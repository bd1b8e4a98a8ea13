import CPlatform
import Glibc
import Platform

/// What an output is: a person's terminal with its width and colours, or a file.
struct Terminal: Sendable {
    /// How a text stands out.
    enum Style: String, Sendable {
        case plain = "0"
        case strong = "1"
        case faint = "2"
        case bad = "31"
        case good = "32"
        case warning = "33"
    }

    var isInteractive: Bool
    /// Columns; `nil` where lines may be of any length.
    var width: Int?
    var hasColours: Bool

    /// A file: everything is written whole and plain.
    static let file = Terminal(isInteractive: false, width: nil, hasColours: false)

    /// Standard output as it is now; it may be made wider at any time.
    static var output: Terminal { Terminal(of: .output) }

    private init(isInteractive: Bool, width: Int?, hasColours: Bool) {
        self.isInteractive = isInteractive
        self.width = width
        self.hasColours = hasColours
    }

    /// `NO_COLOR` (https://no-color.org) and a dumb terminal are respected.
    init(of stream: StandardStream) {
        guard stream.isTerminal else {
            self = .file
            return
        }
        func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
        var size = winsize()
        let isKnown = ioctl(stream.rawValue, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0
        self.init(
            isInteractive: true, width: isKnown ? Int(size.ws_col) : Int(variable("COLUMNS")) ?? 80,
            hasColours: variable("NO_COLOR").isEmpty && !["", "dumb"].contains(variable("TERM")))
    }

    /// A terminal for tests.
    static func ofWidth(_ width: Int, colours: Bool = false) -> Terminal {
        Terminal(isInteractive: true, width: width, hasColours: colours)
    }

    /// A text in a style, where there are colours.
    func styled(_ text: String, _ style: Style) -> String {
        hasColours && style != .plain && !text.isEmpty ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text
    }
}
