using System.Diagnostics;

namespace Petrel.Bench.Fairness;

/// <summary>Starts the server, and measures the quiet user alone and beside each load.</summary>
internal static class FairnessRun
{
    private const string Quiet = "/api/v1/namespaces/kube-public/configmaps/quiet";

    public static async Task<int> RunAsync(TimeSpan duration, string[] rows)
    {
        var directory = Directory.CreateTempSubdirectory("petrel-bench-fairness-").FullName;
        using var server = Start("serve", directory);
        var port = int.Parse((await server.StandardOutput.ReadLineAsync())!);
        var clients = new BenchClient(directory, port);
        using var quiet = clients.Connect(clients.Certificate("quiet"));
        await MeasureAsync(quiet, TimeSpan.FromSeconds(3));

        Console.WriteLine($"{"", -14}{"p50 ms", 9}{"p99 ms", 9}{"max ms", 9}{"ratio p50", 11}{"ratio p99", 11}{"server MiB", 12}  load");
        var alone = await MeasureAsync(quiet, duration);
        Print("alone", alone, alone, Resident(server), "");
        foreach (var row in rows)
        {
            var parts = row.Split(':');
            using var load = Start("load", directory, $"{port}", parts[0], parts[1]);
            await load.StandardOutput.ReadLineAsync();
            await Task.Delay(TimeSpan.FromSeconds(1));
            var beside = await MeasureAsync(quiet, duration);
            var resident = Resident(server);
            load.StandardInput.Close();
            Print($"{parts[1]} {parts[0]}", beside, alone, resident, await load.StandardOutput.ReadToEndAsync());
            await load.WaitForExitAsync();
        }
        server.StandardInput.Close();
        await server.WaitForExitAsync();
        Directory.Delete(directory, recursive: true);
        return 0;
    }

    private static async Task<List<double>> MeasureAsync(HttpClient http, TimeSpan duration)
    {
        var milliseconds = new List<double>();
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < duration; await Task.Delay(10))
        {
            var start = Stopwatch.GetTimestamp();
            await http.GetByteArrayAsync(Quiet);
            milliseconds.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
        }
        milliseconds.Sort();
        return milliseconds;
    }

    private static void Print(string name, List<double> figures, List<double> alone, double resident, string load) =>
        Console.WriteLine(
            $"{name, -14}{At(figures, 50), 9:0.00}{At(figures, 99), 9:0.00}{figures[^1], 9:0.00}"
                + $"{At(figures, 50) / At(alone, 50), 11:0.0}{At(figures, 99) / At(alone, 99), 11:0.0}{resident, 12:0}  {load.Trim()}"
        );

    private static double At(List<double> sorted, int percent) => sorted[Math.Min(sorted.Count - 1, sorted.Count * percent / 100)];

    private static double Resident(Process process)
    {
        process.Refresh();
        return process.WorkingSet64 / 1048576.0;
    }

    private static Process Start(params string[] arguments) =>
        Process.Start(
            new ProcessStartInfo(Environment.ProcessPath!, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true }
        )!;
}
