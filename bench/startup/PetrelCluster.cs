using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Petrel.Bench.Startup;

/// <summary>Seconds from the command to ready, and memory when idle. That of agents is their mean; null for a peer without any.</summary>
internal sealed record Figures(double ApiReady, double NodesReady, ProcessMemory Server, ProcessMemory? Agent = null);

/// <summary>A cluster of <c>petrel up</c> in a directory of its own.</summary>
internal sealed partial class PetrelCluster
{
    private readonly string _directory = Directory.CreateTempSubdirectory("petrel-bench-").FullName;

    public async Task<Figures> MeasureAsync()
    {
        var output = await UpAsync(fresh: false);
        var server = await IdleMemoryAsync();
        var figures = new Figures(
            Seconds(output, "API ready"),
            Seconds(output, "3 of 3 nodes Ready"),
            server,
            ProcessMemory.OfAgents(_directory)
        );
        await DownAsync();
        return figures;
    }

    public Task<string> UpAsync(bool fresh) =>
        RunAsync(["up", "--detach", "--nodes", "3", "--port", "0", "--data", _directory, .. fresh ? new[] { "--fresh" } : []]);

    public Task DownAsync() => RunAsync(["down", "--data", _directory]);

    public void Delete() => Directory.Delete(_directory, recursive: true);

    private async Task<ProcessMemory> IdleMemoryAsync()
    {
        // What start-up needed is collected by then.
        await Task.Delay(TimeSpan.FromSeconds(5));
        var pid = (await File.ReadAllTextAsync(Path.Combine(_directory, "run", "server.pid"))).Split(' ')[0];
        return ProcessMemory.Of(int.Parse(pid, CultureInfo.InvariantCulture));
    }

    private static async Task<string> RunAsync(string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Root(), "petrel"), arguments) { RedirectStandardOutput = true };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"petrel {string.Join(' ', arguments)} failed:\n{output}");
    }

    // Petrel's own progress lines: '[  0.62 s] API ready', counted from the command's start.
    private static double Seconds(string output, string what)
    {
        var line = output.Split('\n').First(l => l.Contains(what, StringComparison.Ordinal));
        return double.Parse(Stamp().Match(line).Groups[1].Value, CultureInfo.InvariantCulture);
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

    [GeneratedRegex(@"\[\s*([0-9.]+) s\]")]
    private static partial Regex Stamp();
}
