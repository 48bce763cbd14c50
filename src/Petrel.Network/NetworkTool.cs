using System.Diagnostics;

namespace Petrel.Network;

/// <summary>
/// Runs the kernel's own network tools (<c>ip</c>, <c>nft</c>), which are the interface to netlink (architecture decision 10).
/// </summary>
public static class NetworkTool
{
    /// <summary>Runs a program with <paramref name="input"/> on its standard input and returns its standard output.</summary>
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
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
        }
        process.StandardInput.Close();
        await process.WaitForExitAsync(cancellationToken);
        return process.ExitCode == 0
            ? await output
            : throw new CommandException($"{program} {string.Join(' ', arguments)} failed ({process.ExitCode}): {(await errors).Trim()}");
    }

    /// <summary>Runs <c>ip</c> commands, one a line, in one process; stops at the first that fails.</summary>
    public static Task IpBatchAsync(string commands, CancellationToken cancellationToken) =>
        RunAsync("ip", ["-batch", "-"], commands, cancellationToken);

    /// <summary>Runs <c>ip</c> commands, one a line, whatever becomes of each: for taking away what may not be there.</summary>
    public static async Task IpBatchForcedAsync(string commands, CancellationToken cancellationToken)
    {
        try
        {
            await RunAsync("ip", ["-force", "-batch", "-"], commands, cancellationToken);
        }
        catch (CommandException)
        {
            // -force runs every line; the exit code only says that one of them found nothing to take away.
        }
    }

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

/// <summary>A network tool failed; the message holds its own words.</summary>
public sealed class CommandException(string message) : Exception(message);
