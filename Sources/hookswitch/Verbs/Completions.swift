import Platform
import Relay

extension Verb {
    static let completions = Verb(
        name: "completions", operands: "bash|zsh|fish", completing: .words(["bash", "zsh", "fish"]),
        summary: "prints a script that lets a shell complete verbs, options, targets and routes",
        discussion: """
            For one session of a shell:

              source <(hookswitch completions bash)
              source <(hookswitch completions zsh)
              hookswitch completions fish | source

            For all of them, the script goes where the shell looks for it: `/etc/bash_completion.d/hookswitch`,
            `_hookswitch` in a directory of zsh's `$fpath`, `~/.config/fish/completions/hookswitch.fish`. The Debian package
            has all three in place.

            The script asks hookswitch itself for what may stand at a place, so that it needs no change when the configuration
            does: `hookswitch completions words -- WORD…` prints one a line, with what it means behind a tab.
            """
    ) { arguments throws(Failure) in
        switch arguments.rest.first {
        case "words":
            switch CompletionWords(Array(arguments.rest.dropFirst())).offer() {
            case .files: StandardStream.output.write(":files\n")
            case .candidates(let candidates):
                let lines = candidates.map { candidate in
                    Table.cell(candidate.word)
                        + (candidate.meaning.isEmpty
                            ? "" : "\t" + DisplayWidth.cut(Table.cell(candidate.meaning), to: 60))
                }
                StandardStream.output.write(lines.map { $0 + "\n" }.joined())
            }
        case let shell?:
            guard let script = CompletionScript.text(for: shell), arguments.rest.count == 1 else {
                throw Failure(
                    ExitCode.usage, "there are no completions for \"\(arguments.rest.joined(separator: " "))\"",
                    hint: "there are some for bash, zsh and fish")
            }
            StandardStream.output.write(script)
        case nil:
            throw Failure(
                ExitCode.usage, "`hookswitch completions` needs a shell's name",
                hint: "like `source <(hookswitch completions bash)`")
        }
        return ExitCode.ok
    }
}
