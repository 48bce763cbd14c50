using System.Diagnostics;

namespace Petrel.Network.Linux;

/// <summary>Runs the network tools (<c>ip</c>, <c>nft</c>) that are Petrel's interface to netlink.</summary>
public static class NetworkTool
{
    /// <summary>
    /// Runs a program with <paramref name="input"/> on its standard input and returns its standard output. Cancellation kills it.
    /// </summary>
    /// <exception cref="CommandException">It could not be started, or ended with another code than 0.</exception>
    public static async Task<string> RunAsync(
        string program,
        IReadOnlyList<string> arguments,
        string? input,
        CancellationToken cancellationToken
    )
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Start(start);
        await using var cancelled = cancellationToken.UnsafeRegister(static p => ((Process)p!).Kill(), process);
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var errors = process.StandardError.ReadToEndAsync(CancellationToken.None);
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input);
        }
        process.StandardInput.Close();
        await process.WaitForExitAsync(CancellationToken.None);
        cancellationToken.ThrowIfCancellationRequested();
        return process.ExitCode == 0
            ? await output
            : throw new CommandException($"{program} {string.Join(' ', arguments)} failed ({process.ExitCode}): {(await errors).Trim()}");
    }

    /// <summary>Like <see cref="RunAsync"/>, but returns null when the program fails.</summary>
    public static async Task<string?> TryRunAsync(
        string program,
        IReadOnlyList<string> arguments,
        string? input,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await RunAsync(program, arguments, input, cancellationToken);
        }
        catch (CommandException)
        {
            return null;
        }
    }

    /// <summary>Runs <c>ip</c> commands, one a line, in one process; stops at the first that fails.</summary>
    public static Task IpBatchAsync(string commands, CancellationToken cancellationToken) =>
        RunAsync("ip", ["-batch", "-"], commands, cancellationToken);

    /// <summary>
    /// Runs <c>ip</c> commands, one a line, and ignores those that fail: for removing what may not exist. <c>-force</c> runs every line;
    /// the exit code only says that one of them failed.
    /// </summary>
    public static Task IpBatchForcedAsync(string commands, CancellationToken cancellationToken) =>
        TryRunAsync("ip", ["-force", "-batch", "-"], commands, cancellationToken);

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start) ?? throw new CommandException($"{start.FileName} could not be started.");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new CommandException($"{start.FileName} could not be started: {e.Message}");
        }
    }
}

/// <summary>A network tool failed; the message ends with what it printed.</summary>
public sealed class CommandException(string message) : Exception(message);
