using Spectre.Console;

namespace Petrel.Cli.Commands;

/// <summary>The consoles that tables are drawn on.</summary>
internal static class Consoles
{
    // What is read by programs or kept in files is not wrapped to a terminal's width.
    private const int WidthOfFiles = 500;

    /// <summary>The terminal for standard output, else a console that only writes text.</summary>
    public static IAnsiConsole For(TextWriter output)
    {
        if (ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected)
        {
            return AnsiConsole.Console;
        }
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output), Ansi = AnsiSupport.No });
        console.Profile.Width = WidthOfFiles;
        return console;
    }
}
