import Testing

@testable import hookswitch

/// What all verbs have in common: their descriptions make the help, the manual pages and the completions.
struct VerbTests {
    @Test(arguments: CommandLineTool.verbs) func theDescriptionIsWhole(_ verb: Verb) {
        #expect(!verb.summary.isEmpty && !verb.summary.hasSuffix("."))
        #expect(verb.summary.first?.isLowercase == true)
        #expect(Set(verb.allOptions.map(\.name)).count == verb.allOptions.count)
        for option in verb.allOptions {
            #expect(option.name.hasPrefix("--") && !option.help.isEmpty && !option.help.hasSuffix("."))
        }
        for example in verb.examples { #expect(example.command.contains("hookswitch \(verb.name)")) }
    }

    @Test(arguments: CommandLineTool.verbs) func helpFitsEightyColumnsAndNamesEveryOption(_ verb: Verb) {
        let text = verb.helpText(on: .ofWidth(80))
        for option in verb.allOptions { #expect(text.contains("\n  \(option.name)")) }
        for line in text.split(separator: "\n") where !line.hasPrefix("  ") { #expect(line.count <= 80) }
    }

    @Test(arguments: CommandLineTool.verbs) func theManualPageHasAllThatTheHelpHas(_ verb: Verb) {
        let page = ManualPage.text(verb).replacing("\\-", with: "-")
        for option in verb.allOptions { #expect(page.contains(".TP\n.BR \(option.name)")) }
        #expect(page.split(separator: "\n").allSatisfy { !$0.hasPrefix("'") })
    }

    @Test func everyVerbHasAnEntryInTheOverviewAndANameOfItsOwn() {
        let names = CommandLineTool.verbs.map(\.name)
        #expect(Set(names).count == names.count)
        for name in names {
            #expect(CommandLineTool.overview(on: .file).contains("\n  \(name) "))
            #expect(
                ManualPage.overview.contains("hookswitch\\-\(name)") || ManualPage.overview.contains("-\(name) (1)"))
        }
    }
}
