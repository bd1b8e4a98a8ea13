import Glibc
import Testing

@testable import Delivery

struct LineTailTests {
    private func repair(_ text: String, limitBytes: Int = 1 << 20) throws -> LineTail.Repair {
        let directory = TemporaryDirectory()
        directory.write("f", text)
        let fd = open("\(directory.path)/f", O_RDONLY | O_CLOEXEC)
        defer { close(fd) }
        return try #require(LineTail(of: fd, sizeBytes: text.utf8.count, limitBytes: limitBytes)).repair
    }

    @Test(arguments: ["", "\n", "{\"a\":1}\n", "{\"a\":1}\n{\"a\":2}\n", "text\n", "{\"a\n"])
    func whatEndsWithItsEndIsLeftAlone(text: String) throws {
        #expect(try repair(text) == .none)
    }

    @Test(arguments: ["{", "[", "{\"a\"", "{\"a\":1", "{\"a\":\"}", "{\"a\":[1,2]", "[1,2"])
    func theBeginningOfALineIsCut(line: String) throws {
        #expect(try repair(line) == .cut(0))
        #expect(try repair("{\"a\":1}\n" + line) == .cut(8))
    }

    @Test(arguments: ["{\"a\":1}", "[]", "{}", "\"torn", "12", "some text", "}"])
    func aLineThatIsWholeOrNoneOfOursIsEnded(line: String) throws {
        #expect(try repair(line) == .end)
        #expect(try repair("{\"a\":1}\n" + line) == .end)
    }

    @Test func aLineWhoseBeginningIsTooFarBackIsEnded() throws {
        let long = "{\"a\":\"" + String(repeating: "x", count: 500)
        #expect(try repair("{}\n" + long, limitBytes: 100) == .end)
        #expect(try repair("{}\n" + long, limitBytes: 600) == .cut(3))
        #expect(try repair(long, limitBytes: long.utf8.count) == .cut(0))
    }

    @Test func aFileThatCannotBeReadHasNoTail() {
        #expect(LineTail(of: -1, sizeBytes: 10, limitBytes: 100) == nil)
    }
}
