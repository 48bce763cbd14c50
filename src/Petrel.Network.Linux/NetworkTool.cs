using System.Diagnostics;

namespace Petrel.Network.Linux;

/// <summary>Runs the network tools (<c>ip</c>, <c>nft</c>) with which Petrel configures the kernel's network.</summary>
public static class NetworkTool
{
    /// <summary>
    /// Runs a program with <paramref name="input"/> on its standard input and returns its standard output. Cancellation kills it.
    /// </summary>
    /// <exception cref="CommandException">The program could not be started, or its exit code is not 0.</exception>
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
        // Disposing of the process leaves these two pipes open until the garbage collector runs.
        using var outputReader = process.StandardOutput;
        using var errorReader = process.StandardError;
        await using var cancelled = cancellationToken.UnsafeRegister(static p => ((Process)p!).Kill(), process);
        var output = outputReader.ReadToEndAsync(CancellationToken.None);
        var errors = errorReader.ReadToEndAsync(CancellationToken.None);
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

    /// <summary>Runs <c>ip</c> commands, one per line, in one process. Stops at the first command that fails.</summary>
    public static Task IpBatchAsync(string commands, CancellationToken cancellationToken) =>
        RunAsync("ip", ["-batch", "-"], commands, cancellationToken);

    /// <summary>
    /// Runs <c>ip</c> commands, one per line, and ignores failures. Use it to remove objects that may not exist. With <c>-force</c>, every
    /// line runs, and the exit code only shows whether any of them failed.
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

/// <summary>A network tool failed. The message ends with the tool's output.</summary>
public sealed class CommandException(string message) : Exception(message);
