using Petrel.Cli.Composition;

namespace Petrel.Cli.Tests;

/// <summary>What a command printed and how it ended.</summary>
internal sealed record CommandResult(int ExitCode, string Output, string Errors)
{
    /// <summary>Asserts that the command failed with one line, without a stack trace, and returns the line.</summary>
    public string SingleError()
    {
        Assert.True(ExitCode == 1, $"exit code {ExitCode}: {Output}{Errors}");
        Assert.Empty(Output);
        var line = Assert.Single(Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries));
        Assert.StartsWith("petrel: ", line);
        Assert.DoesNotContain("   at ", line);
        return line;
    }
}

/// <summary>Runs commands in this process, with what they print captured.</summary>
internal static class CommandLine
{
    public static async Task<CommandResult> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        var code = await CommandRunner.RunAsync(arguments, output, errors);
        return new(code, output.ToString(), errors.ToString());
    }
}
