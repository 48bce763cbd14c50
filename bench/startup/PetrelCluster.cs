using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Petrel.Bench.Startup;

/// <summary>Seconds from the command to ready, and mebibytes resident when idle.</summary>
internal sealed record Figures(double ApiReady, double NodesReady, double ServerMiB);

/// <summary>A cluster of <c>petrel up</c> in a directory of its own.</summary>
internal sealed partial class PetrelCluster
{
    private readonly string _directory = Directory.CreateTempSubdirectory("petrel-bench-").FullName;

    public async Task<Figures> MeasureAsync()
    {
        var output = await UpAsync(fresh: false);
        var figures = new Figures(Seconds(output, "API ready"), Seconds(output, "3 of 3 nodes Ready"), await IdleMemoryAsync());
        await DownAsync();
        return figures;
    }

    public Task<string> UpAsync(bool fresh) =>
        RunAsync(["up", "--detach", "--nodes", "3", "--port", "0", "--data", _directory, .. fresh ? new[] { "--fresh" } : []]);

    public Task DownAsync() => RunAsync(["down", "--data", _directory]);

    public void Delete() => Directory.Delete(_directory, recursive: true);

    private async Task<double> IdleMemoryAsync()
    {
        // What start-up needed is collected by then.
        await Task.Delay(TimeSpan.FromSeconds(5));
        var pid = (await File.ReadAllTextAsync(Path.Combine(_directory, "run", "server.pid"))).Split(' ')[0];
        return ResidentMiB(int.Parse(pid, CultureInfo.InvariantCulture));
    }

    internal static double ResidentMiB(int pid)
    {
        using var process = Process.GetProcessById(pid);
        return process.WorkingSet64 / 1048576.0;
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
