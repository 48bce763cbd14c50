using Spectre.Console;

namespace Petrel.Cli.Commands;

/// <summary>The consoles that tables are drawn on.</summary>
internal static class Consoles
{
    /// <summary>The terminal for standard output, else a console that only writes text.</summary>
    public static IAnsiConsole For(TextWriter output) =>
        ReferenceEquals(output, Console.Out)
            ? AnsiConsole.Console
            : AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output), Ansi = AnsiSupport.No });
}
