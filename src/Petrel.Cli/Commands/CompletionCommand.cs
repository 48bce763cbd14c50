using System.CommandLine;

namespace Petrel.Cli.Commands;

/// <summary>
/// <c>petrel completion</c>: scripts that complete petrel's command lines. The scripts ask the program for completions (the
/// <c>[suggest]</c> directive of System.CommandLine), so they cover every command and option.
/// </summary>
internal static class CompletionCommand
{
    private const string Bash = """
        # bash completion for petrel: source <(petrel completion bash)
        _petrel() {
            local line=${COMP_LINE:0:COMP_POINT} word=${COMP_WORDS[COMP_CWORD]} IFS=$'\n'
            line=${line#*"${COMP_WORDS[0]}"}
            line=${line# }
            COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null)" -- "$word"))
        }
        complete -o default -F _petrel petrel ./petrel
        """;

    private const string Zsh = """
        #compdef petrel
        # zsh completion for petrel: source <(petrel completion zsh)
        _petrel() {
            local line=${BUFFER[1,CURSOR]}
            local -a found
            line=${line#*${words[1]}}
            line=${line# }
            found=("${(@f)$(${words[1]} "[suggest:${#line}]" "$line" 2>/dev/null)}")
            found=(${found:#})
            if (( ${#found} )); then compadd -- $found; else _files; fi
        }
        compdef _petrel petrel
        """;

    private const string Fish = """
        # fish completion for petrel: petrel completion fish | source
        function __petrel_complete
            set -l words (commandline -cp | string split -m 1 ' ')
            set -l line "$words[2]"
            eval $words[1] '"[suggest:'(string length -- "$line")']"' (string escape -- "$line") 2>/dev/null
        end
        complete -c petrel -f -a '(__petrel_complete)'
        complete -c petrel -n '__fish_seen_subcommand_from load replay' -F
        """;

    public static Command Create() =>
        new("completion", "Print a script that completes petrel's command lines in your shell.")
        {
            Script("bash", "Completion for bash. Load it with: source <(petrel completion bash)", Bash),
            Script("zsh", "Completion for zsh. Load it with: source <(petrel completion zsh)", Zsh),
            Script("fish", "Completion for fish. Load it with: petrel completion fish | source", Fish),
        };

    private static Command Script(string shell, string description, string script)
    {
        var command = new Command(shell, description);
        command.SetAction(result => result.InvocationConfiguration.Output.WriteLine(script));
        return command;
    }
}
