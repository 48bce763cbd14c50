using System.Diagnostics;
using System.Globalization;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Connections;

namespace Petrel.Bench.Scale;

/// <summary>A cluster without nodes of its own, brought up by the built program, and the fleet that joins it.</summary>
internal sealed class ScaleCluster : IAsyncDisposable
{
    private readonly ClusterDirectory _directory;
    private readonly string _program;
    private readonly int _server;
    private Process? _fleet;

    private ScaleCluster(string program, string directory)
    {
        _program = program;
        _directory = new(directory);
        _server = int.Parse(File.ReadAllText(_directory.ServerPid).Split(' ')[0], CultureInfo.InvariantCulture);
    }

    /// <summary>Brings up a cluster of this build, or of another build's program.</summary>
    public static async Task<ScaleCluster> UpAsync(string? program)
    {
        var directory = Directory.CreateTempSubdirectory("petrel-scale-").FullName;
        await RunAsync(
            program ?? Launcher,
            "up",
            "--detach",
            "--nodes",
            "0",
            "--node-grace",
            "40",
            "--runtime",
            "process",
            "--port",
            "0",
            "--data",
            directory
        );
        return new(program ?? Program, directory);
    }

    /// <summary>A connection of its own, as each client has one.</summary>
    public ScaleApi Connect() => new(ClusterConnections.OpenAsAdmin(_directory, ClusterSettings.Require(_directory)));

    public Task StartFleetAsync(int nodes, int podsPerNode)
    {
        string[] arguments = ["sim-nodes", "--count", $"{nodes}", "--pods", $"{podsPerNode}", "--zones", "3", "--data", _directory.Root];
        _fleet = Process.Start(new ProcessStartInfo(_program, arguments) { RedirectStandardOutput = true })!;
        // Nobody reads it; it only must not fill up.
        _fleet.OutputDataReceived += static (_, _) => { };
        _fleet.BeginOutputReadLine();
        return Task.CompletedTask;
    }

    public double ServerMiB() => Status("VmRSS") / 1024.0;

    public double ServerPeakMiB() => Status("VmHWM") / 1024.0;

    public TimeSpan ServerProcessorTime()
    {
        using var process = Process.GetProcessById(_server);
        return process.TotalProcessorTime;
    }

    public async ValueTask DisposeAsync()
    {
        // The server goes first: nobody waits for thousands of nodes to be taken out of a cluster that is thrown away.
        await RunAsync(_program, "down", "--data", _directory.Root);
        if (_fleet is not null)
        {
            _fleet.Kill(entireProcessTree: true);
            await _fleet.WaitForExitAsync();
            _fleet.Dispose();
        }
        Directory.Delete(_directory.Root, recursive: true);
    }

    // It builds the program when that is older than its sources: once, not in the middle of a measurement.
    private static string Launcher { get; } = Path.Combine(Root(), "petrel");

    private static string Program { get; } = Path.Combine(Root(), "artifacts", "petrel", "petrel");

    private long Status(string field)
    {
        var line = File.ReadLines($"/proc/{_server}/status").First(l => l.StartsWith(field, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"petrel {string.Join(' ', arguments)} failed:\n{output}");
        }
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Petrel.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("Run from the repository.");
        }
        return folder.FullName;
    }
}
