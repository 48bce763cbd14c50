using System.CommandLine;
using System.CommandLine.Invocation;
using System.ComponentModel;
using System.Net.Sockets;
using Petrel.Agent.Runtimes;
using Petrel.Client;
using Petrel.LocalCluster;
using Petrel.Network.Linux;

namespace Petrel.Cli.Composition;

/// <summary>Runs one command line. On any error, it prints one line that tells the user what to do, and the exit code is 1.</summary>
internal static class CommandRunner
{
    public static Task<int> RunAsync(IReadOnlyList<string> arguments, TextWriter output, TextWriter errors) =>
        RunAsync(CommandTable.CreateRoot(), arguments, output, errors);

    /// <summary>Runs one command line with any table of commands.</summary>
    internal static async Task<int> RunAsync(RootCommand root, IReadOnlyList<string> arguments, TextWriter output, TextWriter errors)
    {
        try
        {
            var parsed = root.Parse(arguments.Count > 0 ? arguments : ["--help"]);
            if (parsed.Action is ParseErrorAction)
            {
                var path = string.Join(' ', CommandPath(parsed.CommandResult.Command));
                // An unknown word also causes an error for the missing argument. Prefer the error that quotes the word.
                var error = parsed.Errors.FirstOrDefault(e => e.Message.Contains('\'')) ?? parsed.Errors[0];
                errors.WriteLine($"petrel: {OneLine(error.Message)} See '{path} --help'.");
                return 1;
            }
            // Each command handles signals itself, because stopping takes as long as pods need to terminate.
            return await parsed.InvokeAsync(
                new InvocationConfiguration
                {
                    EnableDefaultExceptionHandler = false,
                    ProcessTerminationTimeout = null,
                    Output = output,
                    Error = errors,
                }
            );
        }
        catch (Exception e)
        {
            errors.WriteLine($"petrel: {Explain(e)}");
            return 1;
        }
    }

    /// <summary>Formats an exception that ended a command as one line.</summary>
    internal static string Explain(Exception exception) =>
        exception switch
        {
            UserErrorException or CommandException or RuntimeException or ApiException => OneLine(exception.Message),
            UnauthorizedAccessException =>
                $"{OneLine(exception.Message)} Become the user who owns it, or name another directory with --data.",
            SocketException { SocketErrorCode: SocketError.AddressNotAvailable } =>
                "An address of the cluster is not on this machine, because its network is down: "
                    + "'petrel up' makes the network and starts the server.",
            Win32Exception => $"{OneLine(exception.Message)} Install the missing program: './tools/setup run' does so as root.",
            IOException => OneLine(exception.Message),
            OperationCanceledException => "Interrupted.",
            _ => Unexpected(exception),
        };

    // The exception is a bug in Petrel. Write its stack trace to a file for a bug report.
    private static string Unexpected(Exception exception)
    {
        var log = Path.Combine(Path.GetTempPath(), $"petrel-error-{Environment.ProcessId}.log");
        try
        {
            using var file = new StreamWriter(
                log,
                new FileStreamOptions
                {
                    Mode = FileMode.Create,
                    Access = FileAccess.Write,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                }
            );
            file.WriteLine($"{DateTime.UtcNow:O} petrel {string.Join(' ', Environment.GetCommandLineArgs().Skip(1))}");
            file.WriteLine(exception);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log = $"nowhere ({OneLine(e.Message)})";
        }
        return $"Unexpected error, a bug of Petrel's: {OneLine(exception.Message)} ({exception.GetType().Name}). Details: {log}";
    }

    private static IEnumerable<string> CommandPath(Command command)
    {
        var names = new List<string>();
        for (Symbol? symbol = command; symbol is not null and not RootCommand; symbol = symbol.Parents.FirstOrDefault())
        {
            names.Insert(0, symbol.Name);
        }
        return names.Prepend("petrel");
    }

    private static string OneLine(string message)
    {
        var line = string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        return line.EndsWith('.') || line.EndsWith(')') || line.EndsWith('?') ? line : line + ".";
    }
}
