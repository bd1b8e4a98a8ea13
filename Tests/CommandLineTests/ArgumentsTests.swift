import Testing

@testable import hookswitch

/// Command lines as they are read.
struct ArgumentsTests {
    private let verb = Verb(
        name: "try", operands: "WORD…", summary: "tries",
        options: [
            Option("--to", "NAME", "where", isRepeatable: true), Option("--by", "NAME", "who"), Option("--now", "when"),
        ]
    ) { _ in 0 }

    @Test func anOptionsValueStandsBehindItOrBehindAnEqualsSign() throws {
        let arguments = try Arguments(["a", "--to", "b", "--to=c=d", "--now", "--", "--to"], for: verb)
        #expect(arguments.all("--to") == ["b", "c=d"])
        #expect(arguments["--by"] == nil)
        #expect(arguments.has("--now"))
        #expect(arguments.rest == ["a", "--to"])
    }

    @Test(arguments: [
        (["--too", "x"], "did you mean --to?"), (["--to"], ""), (["--now=1"], ""),
        (["--by", "a", "--by=b"], "it takes one value: --by NAME"),
        (["-x"], "see `hookswitch help try`"),
    ]) func whatIsWrongIsUsageWithWhatToType(_ words: [String], _ hint: String) {
        let failure = #expect(throws: Failure.self) { try Arguments(words, for: verb) }
        #expect(failure?.exitCode == 64)
        #expect(failure?.hint == hint)
    }
}
