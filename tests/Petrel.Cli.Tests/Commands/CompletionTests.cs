namespace Petrel.Cli.Tests.Commands;

public sealed class CompletionTests
{
    [Theory]
    [InlineData("petrel im", "image")]
    [InlineData("petrel image l", "list load")]
    [InlineData("petrel kubeconfig --m", "--merge")]
    [InlineData("petrel up --example g", "guestbook")]
    public async Task Bash_completes_commands_options_and_values(string line, string expected)
    {
        using var scratch = new Scratch();
        var script = (await CommandLine.RunAsync("completion", "bash")).Output;
        // As a shell calls it: the words of the line, the cursor at its end.
        var words = line.Split(' ');
        await File.WriteAllTextAsync(
            scratch.At("try"),
            $$"""
            petrel() { dotnet "{{Path.Combine(AppContext.BaseDirectory, "petrel.dll")}}" "$@"; }
            {{script}}
            COMP_LINE='{{line}}' COMP_POINT={{line.Length}} COMP_WORDS=({{line}}) COMP_CWORD={{words.Length - 1}}
            _petrel
            echo $(printf '%s\n' "${COMPREPLY[@]}" | sort)
            """
        );
        var result = await Shell.RunAsync("bash", [scratch.At("try")]);
        Assert.True(result.ExitCode == 0, result.Errors);
        Assert.Equal(expected + "\n", result.Output);
    }

    [Theory]
    [InlineData("zsh", "compdef _petrel petrel")]
    [InlineData("fish", "complete -c petrel")]
    public async Task Other_shells_have_a_script_too(string shell, string expected)
    {
        var result = await CommandLine.RunAsync("completion", shell);
        Assert.Equal(0, result.ExitCode);
        Assert.Contains(expected, result.Output);
        Assert.Contains("[suggest:", result.Output);
    }
}
