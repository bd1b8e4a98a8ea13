@testable import EventJSON

/// Texts for whatever reads JSON.
enum JSONTexts {
    /// What RFC 8259 allows.
    static let valid = [
        "null", "true", "false", "0", "-0", "1", "-1", "10", "1234567890123456789012345678901234567890", "0.0", "-0.5",
        "1.25", "1e0", "1E0", "1e+10", "1E-10", "0e0", "-0.0e-0", "1.5e999999", "\"\"", "\"a\"", "[]", "{}", "[ ]",
        "{ }",
        "[[]]", "[{}]", "{\"a\":{}}", "[1,2]", "[1 , 2]", "{\"a\":1,\"b\":2}", "{\"a\" : 1}", "{\"\":0}",
        " \t\n\r0 \t\n\r",
        "[null,true,false,\"\",0,{},[]]", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0000\"", "\"\\u00e9\"",
        "\"\\uD83D\\uDE00\"",
        "\"\\uABCD\\uabcd\"", "\"\u{7F}\"", "\"\u{80}\"", "\"\u{7FF}\"", "\"\u{800}\"", "\"\u{FFFF}\"", "\"\u{10000}\"",
        "\"\u{10FFFF}\"", "\"\u{2028}\u{2029}\"", "\"\u{FEFF}\"", "\"/\"", "\"'\"", "{\"a\":[{\"b\":[[1]]}]}",
        "\"\\\\\"", "\"\\\\\\\"\"", "\"1234567\"", "\"12345678\"", "\"123456789\"", "\"1234567\\n\"",
        "\"1234567é89012345\"",
    ]

    /// What it does not allow, and the byte at which that is seen.
    static let invalid: [(text: String, offset: Int)] = [
        ("", 0), (" \n", 2), ("nul", 3), ("nulL", 3), ("True", 0), ("tru e", 3), ("nullx", 4), ("NaN", 0),
        ("Infinity", 0),
        ("-Infinity", 1), ("undefined", 0), ("-", 1), ("+1", 0), ("01", 1), ("-01", 2), ("00", 1), (".5", 0), ("1.", 2),
        ("1.e1", 2), ("1e", 2), ("1e+", 3), ("1ee1", 2), ("1e1.5", 3), ("0x10", 1), ("1_000", 1), ("1 2", 2),
        ("--1", 1),
        ("- 1", 1), ("\"", 0), ("\"a", 0), ("'a'", 0), ("\"a'", 0), ("\"\\\"", 0), ("\"\\x\"", 2), ("\"\\'\"", 2),
        ("\"\\U0041\"", 2), ("\"\\u12\"", 5), ("\"\\u12g4\"", 5), ("\"\\u\"", 3), ("\"\\u123", 6), ("\"\\", 2),
        ("\"\t\"", 1), ("\"\n\"", 1), ("\"\0\"", 1), ("\"\u{1F}\"", 1), ("\"1234567\u{1}\"", 8), ("\"12345678\n\"", 9),
        ("\"a\"b", 3), ("[", 1), ("]", 0), ("[1", 2), ("[1,", 3), ("[1,]", 3), ("[,1]", 1), ("[1,,2]", 3), ("[1 2]", 3),
        ("[1]]", 3), ("[}", 1), ("{", 1), ("}", 0), ("{]", 1), ("{a:1}", 1), ("{'a':1}", 1), ("{1:1}", 1),
        ("{\"a\"}", 4),
        ("{\"a\" 1}", 5), ("{\"a\":}", 5), ("{\"a\":1", 6), ("{\"a\":1,", 7), ("{\"a\":1,}", 7), ("{,}", 1),
        ("{\"a\":1 \"b\":2}", 7), ("{\"a\":1;}", 6), ("{\"a\":1]", 6), ("[1}", 2), ("{\"a\"=1}", 4), ("{null:1}", 1),
        ("{\"a\"", 4), ("{\"a\":", 5), ("{} {}", 3), ("0,", 1), ("// a\n0", 0), ("/* a */0", 0), ("0#", 1),
        ("\u{FEFF}0", 0), ("\u{A0}0", 0), ("\u{B}0", 0), ("\u{C}0", 0), ("0\0", 1), ("\0", 0), ("[\0]", 1), ("é", 0),
        ("[\u{2003}1]", 1), ("{\u{B}}", 1), ("[1\0", 2),
    ]

    /// What it leaves open, and whether it is taken here (Configuration.md, "Odd bodies").
    static let leftOpen: [(text: String, isTaken: Bool)] = [
        ("0.4e006699999999999999999999999999999999999999999969999999006", true), ("1.5e+9999", true),
        ("-1e+9999", true),
        ("123e-10000000", true), ("-123123e100000", true), ("-123123123123123123123123123123", true),
        ("100000000000000000000", true), (String(repeating: "9", count: 400), true),
        ("\"\\uDADA\"", true), ("\"\\uD888\\u1234\"", true), ("\"\\uD800\\n\"", true),
        ("\"\\uDd1ea\"", true), ("\"\\uD800\\uD800\\n\"", true), ("\"\\ud800\"", true), ("\"\\ud800abc\"", true),
        ("\"\\uDd1e\\uD834\"", true), ("\"\\uDFAA\"", true), ("{\"a\":1,\"a\":2}", true), (nested(500), true),
        (nested(512), true), (nested(513), false), (nested(100_000), false), ("\u{FEFF}{}", false),
        (String(repeating: "[", count: 100_000), false),
    ]

    /// Bytes in a string that are not UTF-8: overlong, surrogates, past U+10FFFF, cut short, or without a beginning.
    static let notUTF8: [[UInt8]] = [
        [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xC2], [0xC2, 0x41], [0xC2, 0xC2], [0xDF, 0x7F],
        [0xE0, 0x80, 0x80],
        [0xE0, 0x9F, 0xBF], [0xE0, 0xA0], [0xE0, 0xA0, 0x41], [0xE1, 0x80], [0xE1, 0x41, 0x80], [0xED, 0xA0, 0x80],
        [0xED, 0xBF, 0xBF], [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80], [0xEF, 0xBF], [0xF0, 0x80, 0x80, 0x80],
        [0xF0, 0x8F, 0xBF, 0xBF], [0xF0, 0x90, 0x80], [0xF0, 0x90, 0x80, 0x41], [0xF1, 0x80, 0x41, 0x80],
        [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xF8, 0x88, 0x80, 0x80, 0x80], [0xFC], [0xFE], [0xFF],
        [0xFF, 0xFE], [0xC3, 0xA9, 0xA9],
    ]

    /// So many arrays, one in the other.
    static func nested(_ depth: Int) -> String {
        String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }

    /// So many objects, one in the other, under the key `a`.
    static func nestedObjects(_ depth: Int) -> String {
        String(repeating: "{\"a\":", count: depth - 1) + "{}" + String(repeating: "}", count: depth - 1)
    }
}

extension JSONSyntaxError {
    /// The fault that something throws, if it does.
    init?(of body: () throws(JSONSyntaxError) -> Void) {
        do throws(JSONSyntaxError) {
            try body()
            return nil
        } catch {
            self = error
        }
    }
}

/// Everything that reads a whole text, and the fault that each finds.
struct Readings: Equatable {
    var skipping: JSONSyntaxError?
    var scanning: JSONSyntaxError?
    var scanningForAll: JSONSyntaxError?
    var document: JSONSyntaxError?

    init(_ bytes: [UInt8], paths: [String] = ["a", "a.b", "a.b.c", "b"]) {
        bytes.withUnsafeBytes { buffer in
            skipping = JSONSyntaxError { () throws(JSONSyntaxError) in
                var cursor = JSONCursor(buffer)
                cursor.skipWhiteSpace()
                try cursor.skip(depth: 0)
                cursor.skipWhiteSpace()
                if !cursor.isAtEnd { throw cursor.fault("something stands behind the value") }
            }
            scanning = JSONSyntaxError { () throws(JSONSyntaxError) in
                var scanner = EventScanner(PathSet())
                try scanner.scan(buffer)
            }
            scanningForAll = JSONSyntaxError { () throws(JSONSyntaxError) in
                var set = PathSet()
                for path in paths { _ = set.insert(EventPath(path)) }
                var scanner = EventScanner(set)
                try scanner.scan(buffer)
            }
        }
        document = JSONSyntaxError { () throws(JSONSyntaxError) in _ = try JSONDocument(bytes) }
    }

    /// The places of the faults, the same one only once.
    var offsets: Set<Int?> { [skipping?.offset, scanning?.offset, scanningForAll?.offset, document?.offset] }
}
