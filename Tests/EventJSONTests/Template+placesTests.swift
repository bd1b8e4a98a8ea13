import TestSupport
import Testing

@testable import EventJSON

struct TemplatePlacesTests {
    private func url(_ template: String, _ value: String) throws -> String {
        String(decoding: try Template(parsing: template).renderURL(ValuesUnderTest(texts: ["x": value])), as: UTF8.self)
    }

    private func path(_ template: String, _ value: String) throws -> String {
        let path = try Template(parsing: template).renderPath(ValuesUnderTest(texts: ["x": value])) { $0 }
        return String(decoding: path, as: UTF8.self)
    }

    @Test func aValueInAURLIsPercentEncoded() throws {
        #expect(try url("http://a/b?c=${x}&d", "e&f=g#h/i?j é%") == "http://a/b?c=e%26f%3Dg%23h%2Fi%3Fj%20%C3%A9%25&d")
        #expect(try url("/${x}", "aZ09-_~.") == "/aZ09-_~.")
        #expect(try url("/a b/%41/${x}", "") == "/a b/%41/")
    }

    @Test(arguments: [".", "..", "..."]) func aValueThatIsDotsAloneIsNoStepInAURL(dots: String) throws {
        #expect(try url("/a/${x}/b", dots) == "/a/\(dots.map { _ in "%2E" }.joined())/b")
    }

    @Test func aValueAddsNeitherLineNorHeader() throws {
        let template = try Template(parsing: "Bearer ${x}")
        let rendered = template.renderHeader(ValuesUnderTest(texts: ["x": "a\r\nx: y\0\t\u{7F}é"]))
        #expect(String(decoding: rendered, as: UTF8.self) == "Bearer a  x: y   é")
    }

    @Test func anArgumentHoldsNoNUL() throws {
        let rendered = try Template(parsing: "-${x}").renderArgument(ValuesUnderTest(texts: ["x": "a\0b\n $(c)"]))
        #expect(String(decoding: rendered, as: UTF8.self) == "-a\u{FFFD}b\n $(c)")
    }

    @Test(arguments: [
        ("a/b", "a_b"), ("../../etc/passwd", "_._.._etc_passwd"), (".", "_"), ("..", "_."), (".hidden", "_hidden"),
        ("", "_"),
        ("a\n\0\u{7F}b", "a___b"), ("/", "_"), ("é b", "é b"), ("a.b", "a.b"), ("~", "~"),
    ]) func aValueIsOneNameInAPath(value: String, name: String) throws {
        #expect(try path("/out/${x}/log", value) == "/out/\(name)/log")
        #expect(try path("${x}", value) == name)
    }

    @Test func theTemplatesOwnDotsDoNotMeanADirectoryAboveEither() throws {
        #expect(try path("/out/.${x}", "") == "/out/_")
        #expect(try path("/out/.${x}", ".") == "/out/_.")
        #expect(try path("/out/${x}.", ".") == "/out/_.")
        #expect(try path("/out/.${x}", "a") == "/out/.a")
        #expect(try path("/out/../${x}", "a") == "/out/../a")
    }

    @Test func aNameThatIsTooLongIsCutAndToldApart() throws {
        let long = String(repeating: "a", count: 300)
        let one = try path("/out/${x}.json", long)
        let other = try path("/out/${x}.json", long.replacing("aaaaa", with: "aaaab", maxReplacements: 59))
        #expect(one.split(separator: "/")[1].utf8.count <= Template.fileNameLimitBytes)
        #expect(one.hasPrefix("/out/aaaa"))
        #expect(one.hasSuffix(".json"))
        #expect(one != other)
        let longest = String(repeating: "a", count: Template.fileNameLimitBytes)
        #expect(try path("/${x}", longest) == "/" + longest)
    }

    @Test(arguments: ["é", "€", "🎟"]) func aNameIsCutBetweenCharacters(character: String) throws {
        for before in ["", "x", "xx", "xxx"] {
            let name = try path("/\(before)${x}.json", String(repeating: character, count: 200))
            #expect(!name.contains("\u{FFFD}"))
            #expect(name.utf8.count <= Template.fileNameLimitBytes + 1)
        }
    }

    @Test func onlyTheTemplatesOwnTextIsExpanded() throws {
        let template = try Template(parsing: "/out/%Y/${x}%d")
        let path = template.renderPath(ValuesUnderTest(texts: ["x": "%Y"])) { text in
            Array(String(decoding: text, as: UTF8.self).replacing("%Y", with: "2026").replacing("%d", with: "01").utf8)
        }
        #expect(String(decoding: path, as: UTF8.self) == "/out/2026/%Y01")
    }

    @Test(arguments: ["http://a", "https://a/${x}", "https://a:1?x=${x}", "http://a/"])
    func aURLWithAFixedHostIsTaken(text: String) throws {
        try Template(parsing: text).checkURL()
    }

    @Test(arguments: [
        ("${x}", 0), ("${x}://a/", 0), ("a/${x}", 0), ("http://${x}/", 7), ("http://a.${x}/", 9), ("http://a:${x}/", 9),
        ("http://a${x}", 8), ("", 0), ("//a/", 0),
    ]) func aURLWhoseHostIsNotFixedIsRefused(text: String, offset: Int) throws {
        let template = try Template(parsing: text)
        let error = #expect(throws: TemplateError.self) { try template.checkURL() }
        #expect(error?.offset == offset)
    }

    @Test func noValueBreaksOutOfItsPlace() throws {
        let url = try Template(parsing: "http://a/b/${x}/c?d=${x}")
        let header = try Template(parsing: "v=${x}")
        let path = try Template(parsing: "/out/${x}/.${x}/a${x}")
        for seed in 0..<1500 {
            var chance = SeededGenerator(seed: seed)
            let value = chance.nastyBytes()
            let values = ValuesUnderTest(["x": Bool.random(using: &chance) ? .text(value) : .json(value)])
            let renderedURL = String(decoding: url.renderURL(values), as: UTF8.self)
            let fits = renderedURL.wholeMatch(
                of: #/http://a/b/([A-Za-z0-9._~-]|%[0-9A-F]{2})*/c\?d=([A-Za-z0-9._~-]|%[0-9A-F]{2})*/#)
            #expect(fits != nil, "seed \(seed)")
            #expect(!renderedURL.contains("/../") && !renderedURL.contains("/./"), "seed \(seed)")
            #expect(header.renderHeader(values).allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "seed \(seed)")
            #expect(!header.renderArgument(values).contains(0), "seed \(seed)")
            let renderedPath = path.renderPath(values) { $0 }
            let names = renderedPath.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            #expect(names.count == 5, "seed \(seed)")
            #expect(names.dropFirst().allSatisfy { !$0.isEmpty && $0.count <= 255 }, "seed \(seed)")
            #expect(!names.contains(Array(".".utf8)[...]) && !names.contains(Array("..".utf8)[...]), "seed \(seed)")
            #expect(renderedPath.allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "seed \(seed)")
        }
    }
}
