using System.CommandLine;
using System.Globalization;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Cli.Hosting;
using Petrel.Client;
using Petrel.Client.Http;
using Petrel.LocalCluster;
using Petrel.Model.Api;
using Petrel.SimulatedNodes;
using Petrel.SimulatedNodes.Composition;

namespace Petrel.Cli.Commands;

/// <summary><c>petrel sim-nodes</c>: joins simulated nodes to a live cluster.</summary>
internal static class SimNodesCommand
{
    private const string About =
        "Join simulated nodes to a running cluster, to see how it behaves at a size that this machine does not have. "
        + "Nothing runs behind their pods: they start, run, fail and end as the options say. Ctrl-C removes the nodes. "
        + "Durations are written as 500ms, 2s, 1m30s, or as a range such as 1s..5s. More: docs/scale.md.";

    private static readonly SimulatedNodesSettings Defaults = new() { Count = 1 };

    public static Command Create()
    {
        var options = new SimNodesOptions(Defaults);
        var command = new Command("sim-nodes", About);
        foreach (var option in options.All)
        {
            command.Add(option);
        }
        command.SetAction(
            async (result, _) =>
            {
                var (settings, connection) = options.Read(result);
                using (connection)
                {
                    return await RunAsync(settings, connection, result.GetValue(options.Keep));
                }
            }
        );
        return command;
    }

    private static async Task<int> RunAsync(SimulatedNodesSettings settings, HttpApiHandler connection, bool keep)
    {
        using var stop = new StopSignals();
        using var logs = LineLogging.Create();
        var client = new ApiClient(connection, UserInfo.Anonymous, "petrel-sim-nodes");
        await CheckAsync(client, stop.Token);
        using var simulated = Make(settings, client, logs);
        Console.WriteLine(
            $"{settings.Count} nodes {settings.Prefix}1..{settings.Prefix}{settings.Count}, each {Cpu(settings.MilliCpu)} CPU, "
                + $"{settings.Memory >> 20} MiB, {settings.MaxPods} pods; seed {settings.Seed}."
        );
        var show = ShowAsync(simulated, stop.Token);
        try
        {
            await simulated.RunAsync(stop.Token);
        }
        catch (InvalidOperationException e) when (e.InnerException is SimulatedNodesException problem)
        {
            throw new UserErrorException($"--prefix: {problem.Message}");
        }
        finally
        {
            stop.Stop();
            await show;
            await EndAsync(simulated, keep);
        }
        return 0;
    }

    private static NodeSimulator Make(SimulatedNodesSettings settings, ApiClient client, ILoggerFactory logs)
    {
        try
        {
            return new(settings, client, TimeProvider.System, logs);
        }
        catch (ArgumentException e)
        {
            throw new UserErrorException($"--count: {e.Message}");
        }
    }

    // Check the connection once, so that a permanent error is reported in one line instead of being retried for ever.
    private static async Task CheckAsync(ApiClient client, CancellationToken cancellationToken)
    {
        try
        {
            await client.SendAsync("GET", TypedKind<V1Node>.Path(""), [new("limit", "1")], null, "", cancellationToken);
        }
        catch (Exception e) when (e is IOException or ApiException)
        {
            throw new UserErrorException($"The cluster can't be used: {e.Message}");
        }
    }

    private static async Task EndAsync(NodeSimulator simulated, bool keep)
    {
        if (keep)
        {
            Console.WriteLine("The nodes stay in the cluster; nobody speaks for them until 'petrel sim-nodes' runs again.");
            return;
        }
        var nodes = simulated.Progress.Registered;
        Console.WriteLine($"removing {nodes} nodes");
        try
        {
            await simulated.RemoveNodesAsync(CancellationToken.None);
            Console.WriteLine($"{nodes} nodes removed; the cluster collects their pods.");
        }
        catch (Exception e) when (e is IOException or ApiException)
        {
            throw new UserErrorException(
                $"The nodes could not be removed: {e.Message} 'kubectl delete nodes -l petrel.dev/simulated' does it."
            );
        }
    }

    // On a terminal, updates one line in place. Otherwise prints a line for each change.
    private static async Task ShowAsync(NodeSimulator simulated, CancellationToken cancellationToken)
    {
        var inPlace = !Console.IsOutputRedirected;
        var last = "";
        while (!cancellationToken.IsCancellationRequested)
        {
            var line = Line(simulated.Progress);
            if (line != last)
            {
                Console.Write(inPlace ? $"\r{line.PadRight(last.Length)}" : line + Environment.NewLine);
                last = line;
            }
            await Task.Delay(TimeSpan.FromSeconds(1), cancellationToken).ContinueWith(static _ => { }, TaskScheduler.Default);
        }
        if (inPlace)
        {
            Console.WriteLine();
        }
    }

    private static string Line(SimulatedNodesProgress now)
    {
        var silent = now.Silent > 0 ? $", {now.Silent} silent" : "";
        var retries = now.Retries > 0 ? $"; {now.Retries} retries, last: {now.LastProblem}" : "";
        return $"nodes: {now.Ready} of {now.Nodes} ready{silent}; pods: {now.Running} running, {now.Starting} starting, {now.Ending} "
            + $"ending, {now.Over} over{retries}";
    }

    private static string Cpu(long milli) => (milli / 1000m).ToString("0.###", CultureInfo.InvariantCulture);
}
