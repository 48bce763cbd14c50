using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Petrel.Agent.Runtimes.Local;

/// <summary>Runs the external programs that the runtime uses (crun, conmon, ip, nft).</summary>
internal static partial class Tool
{
    public const int SigKill = 9;

    /// <summary>The number of bytes of a stream that are kept. The rest of the output is discarded.</summary>
    public const int MaximumOutput = 1 << 20;

    public sealed record Result(int ExitCode, byte[] Output, byte[] ErrorOutput)
    {
        public string Text => Encoding.UTF8.GetString(Output);

        public string ErrorText => Encoding.UTF8.GetString(ErrorOutput).Trim();
    }

    /// <summary>Runs a program, waits for its exit and returns its output. Cancellation kills the program.</summary>
    /// <exception cref="RuntimeException">The program could not be started.</exception>
    public static async ValueTask<Result> RunAsync(
        string program,
        IReadOnlyList<string> arguments,
        string? input,
        CancellationToken cancellationToken
    )
    {
        using var process = Start(new(program, arguments));
        using var pipes = new ProcessPipes(process);
        await using var cancelled = cancellationToken.UnsafeRegister(static p => ((Process)p!).Kill(), process);
        var output = ReadAsync(process.StandardOutput.BaseStream);
        var errors = ReadAsync(process.StandardError.BaseStream);
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input);
        }
        process.StandardInput.Close();
        await process.WaitForExitAsync(CancellationToken.None);
        var result = new Result(process.ExitCode, await output, await errors);
        cancellationToken.ThrowIfCancellationRequested();
        return result;
    }

    /// <summary>Runs a program and requires that it succeeds.</summary>
    /// <exception cref="RuntimeException">The exit code is not 0. The message contains the program's error output.</exception>
    public static async ValueTask<Result> MustRunAsync(
        string reason,
        string program,
        IReadOnlyList<string> arguments,
        string? input,
        CancellationToken cancellationToken
    )
    {
        var result = await RunAsync(program, arguments, input, cancellationToken);
        return result.ExitCode == 0 ? result : throw new RuntimeException(reason, $"{Path.GetFileName(program)}: {result.ErrorText}");
    }

    /// <summary>
    /// Runs a program for at most <paramref name="timeout"/>. On timeout or cancellation, <paramref name="kill"/> must kill it.
    /// </summary>
    /// <exception cref="TimeoutException">The program exceeded the timeout and was killed.</exception>
    public static async ValueTask<Result> RunLimitedAsync(
        ProcessStartInfo start,
        TimeSpan timeout,
        Action<Process> kill,
        TimeProvider time,
        CancellationToken cancellationToken
    )
    {
        using var process = Start(start);
        using var pipes = new ProcessPipes(process);
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        var output = ReadAsync(process.StandardOutput.BaseStream);
        var errors = ReadAsync(process.StandardError.BaseStream);
        try
        {
            // The output ends when the last process that has the stream open exits. That may be later than the exit of the command.
            await process.WaitForExitAsync(either.Token);
            return new Result(process.ExitCode, await output.WaitAsync(either.Token), await errors.WaitAsync(either.Token));
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            kill(process);
            await process.WaitForExitAsync(CancellationToken.None);
            cancellationToken.ThrowIfCancellationRequested();
            throw new TimeoutException($"command timed out after {timeout.TotalSeconds:0.###} s");
        }
    }

    /// <summary>
    /// Searches for a program on the PATH, and in standard directories that the PATH of a service may lack. Returns null when it is not
    /// found.
    /// </summary>
    public static string? Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "")
            .Split(':')
            .Concat(["/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/libexec/podman"])
            .Where(directory => directory.Length > 0)
            .Select(directory => Path.Combine(directory, name))
            .FirstOrDefault(File.Exists);

    /// <summary>Starts a program with its three standard streams redirected to pipes.</summary>
    /// <exception cref="RuntimeException">The program could not be started.</exception>
    public static Process Start(ProcessStartInfo start)
    {
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (true, true, true);
        try
        {
            return Process.Start(start) ?? throw new RuntimeException("RuntimeError", $"{start.FileName} could not be started");
        }
        catch (Win32Exception e)
        {
            throw new RuntimeException("RuntimeError", $"{start.FileName} could not be started: {e.Message}", e);
        }
    }

    private static async Task<byte[]> ReadAsync(Stream stream)
    {
        var kept = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int count;
        while ((count = await stream.ReadAsync(buffer)) > 0)
        {
            // A command in a container may print without end.
            kept.Write(buffer, 0, (int)Math.Min(count, MaximumOutput - kept.Length));
        }
        return kept.ToArray();
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    internal static partial int Kill(int pid, int signal);
}
