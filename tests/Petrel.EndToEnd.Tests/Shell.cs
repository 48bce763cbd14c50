using System.Diagnostics;
using System.Text;

namespace Petrel.EndToEnd.Tests;

/// <summary>What a command printed and how it ended.</summary>
public sealed record ShellResult(int ExitCode, string Output, string Errors)
{
    public string Text => Output + Errors;
}

/// <summary>Runs commands as a user's terminal would.</summary>
public static class Shell
{
    /// <summary>The repository's folder.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="TimeoutException">It took longer than <paramref name="limit"/> (default: two minutes) and was killed.</exception>
    public static async Task<ShellResult> RunAsync(
        string program,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null,
        string? input = null,
        TimeSpan? limit = null
    )
    {
        using var process = Process.Start(StartInfo(program, arguments, environment))!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        if (input is not null)
        {
            await process.StandardInput.WriteAsync(input);
        }
        process.StandardInput.Close();
        using var timeout = new CancellationTokenSource(limit ?? TimeSpan.FromMinutes(2));
        try
        {
            await process.WaitForExitAsync(timeout.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end. It printed:\n{await output}{await errors}");
        }
        return new(process.ExitCode, await output, await errors);
    }

    /// <summary>Starts a program that runs on, with its output collected.</summary>
    public static Following Follow(
        string program,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string>? environment = null
    ) => new(Process.Start(StartInfo(program, arguments, environment))!);

    /// <summary>Sends SIGINT, as Ctrl-C does. The shell's own `kill` needs no package.</summary>
    public static async Task InterruptAsync(int pid)
    {
        var kill = await RunAsync("sh", ["-c", $"kill -INT {pid}"]);
        if (kill.ExitCode != 0)
        {
            throw new InvalidOperationException($"SIGINT did not reach process {pid}: {kill.Text}");
        }
    }

    /// <summary>The number of running processes whose command line contains <paramref name="text"/>.</summary>
    public static int CountProcesses(string text) =>
        Directory.EnumerateDirectories("/proc").Count(folder => CommandLineOf(folder).Contains(text, StringComparison.Ordinal));

    private static string CommandLineOf(string folder)
    {
        try
        {
            return int.TryParse(Path.GetFileName(folder), out _)
                ? File.ReadAllText(Path.Combine(folder, "cmdline")).Replace('\0', ' ')
                : "";
        }
        catch (IOException)
        {
            // The process ended while the list was read.
            return "";
        }
    }

    private static ProcessStartInfo StartInfo(
        string program,
        IReadOnlyList<string> arguments,
        IReadOnlyDictionary<string, string>? environment
    )
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Root,
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>())
        {
            start.Environment[name] = value;
        }
        return start;
    }

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Petrel.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside the repository.");
        }
        return folder.FullName;
    }
}

/// <summary>A running program whose output is collected until it is disposed of.</summary>
public sealed class Following : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _text = new();

    internal Following(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, e) => Append(e.Data);
        process.ErrorDataReceived += (_, e) => Append(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => _process.Id;

    public string Text
    {
        get
        {
            lock (_text)
            {
                return _text.ToString();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
        _process.Dispose();
    }

    private void Append(string? line)
    {
        lock (_text)
        {
            _text.AppendLine(line);
        }
    }
}
