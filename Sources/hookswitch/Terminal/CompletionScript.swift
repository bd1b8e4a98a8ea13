/// What shells run when somebody presses the tab key: each asks `hookswitch completions words`.
enum CompletionScript {
    /// The script for a shell, by its name.
    static func text(for shell: String) -> String? {
        switch shell {
        case "bash": bash
        case "zsh": zsh
        case "fish": fish
        default: nil
        }
    }

    /// Bash breaks words at `=` and `:`; they are joined again, and what bash keeps of the word is taken off the answers.
    private static let bash = #"""
        # bash completion for hookswitch; made by `hookswitch completions bash`
        _hookswitch() {
          local line=${COMP_LINE:0:COMP_POINT} words current kept offer
          read -ra words <<<"$line"
          [[ $line == *[[:space:]] ]] && words+=("")
          current=${words[-1]}
          # The part of the word that readline leaves alone.
          kept=${current%"${COMP_WORDS[COMP_CWORD]}"}
          [[ ${COMP_WORDS[COMP_CWORD]} == [=:] ]] && kept=$current
          COMPREPLY=()
          while IFS= read -r offer; do
            if [[ $offer == :files ]]; then
              compopt -o filenames 2>/dev/null
              local file=${current#*=}
              while IFS= read -r offer; do COMPREPLY+=("$offer"); done < <(compgen -f -- "$file")
              return
            fi
            offer=${offer%%$'\t'*}
            COMPREPLY+=("${offer#"$kept"}")
          done < <("${words[0]}" completions words -- "${words[@]:1}" 2>/dev/null)
        }
        complete -F _hookswitch hookswitch

        """#

    private static let zsh = #"""
        #compdef hookswitch
        # zsh completion for hookswitch; made by `hookswitch completions zsh`
        _hookswitch() {
          local -a offers
          local line
          local tab=$'\t'
          while IFS= read -r line; do
            if [[ $line == :files ]]; then
              compset -P '*='
              _files
              return
            fi
            # _describe takes `word:meaning`; a colon of the word's own is escaped.
            if [[ $line == *$tab* ]]; then
              offers+=("${${line%%$tab*}//:/\\:}:${line#*$tab}")
            else
              offers+=("${line//:/\\:}")
            fi
          done < <("${words[1]}" completions words -- "${(@)words[2,CURRENT]}" 2>/dev/null)
          _describe -V 'hookswitch' offers
        }
        if [[ $funcstack[1] == _hookswitch ]]; then
          _hookswitch "$@"
        else
          compdef _hookswitch hookswitch
        fi

        """#

    private static let fish = #"""
        # fish completion for hookswitch; made by `hookswitch completions fish`
        function __hookswitch_complete
            set -l words (commandline -opc)
            set -l current (commandline -ct)
            set -l offers ($words[1] completions words -- $words[2..-1] "$current" 2>/dev/null)
            if test "$offers[1]" = ":files"
                __fish_complete_path (string replace -r '^--[^=]*=' '' -- "$current")
            else
                string join -- \n $offers
            end
        end
        complete -c hookswitch -f -a '(__hookswitch_complete)'

        """#
}
