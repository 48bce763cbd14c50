using Spectre.Console;

namespace Petrel.Cli.Commands;

/// <summary>Creates the consoles on which tables are printed.</summary>
internal static class Consoles
{
    // Output to files and other programs is not wrapped to a terminal's width.
    private const int WidthOfFiles = 500;

    /// <summary>The terminal if the output is standard output, else a console that writes plain text.</summary>
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
