using System.Diagnostics;
using System.Text.Json;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Connections;
using Petrel.LocalCluster.Processes;
using Petrel.Model.Api;

namespace Petrel.EndToEnd.Tests;

/// <summary>What dies comes back: supervisor, server, agents, nodes; and <c>down</c> leaves nothing behind.</summary>
public sealed class SupervisionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [RootFact]
    public async Task The_next_up_adopts_what_a_killed_supervisor_left()
    {
        await using var cluster = await TestCluster.UpAsync(nodes: 2);
        var directory = new ClusterDirectory(cluster.DataDirectory);
        await RunPodAsync(cluster);
        var before = Running(directory);
        var container = await ContainerAsync(cluster);

        Kill(directory.SupervisorPid);
        await Eventually.TrueAsync("the supervisor is gone", () => IsGoneAsync(directory.SupervisorPid), Patience);
        var status = await cluster.PetrelAsync("status");
        Assert.Contains("Nothing supervises this cluster", status.Output, StringComparison.Ordinal);
        Assert.True((await cluster.TryKubectlAsync("get", "--raw", "/readyz")).ExitCode == 0, "the server went with its supervisor");
        var up = await cluster.PetrelAsync("up", "--detach");

        Assert.True(up.ExitCode == 0, up.Text);
        Assert.Contains("adopted the running server", up.Output, StringComparison.Ordinal);
        Assert.Equal(before, Running(directory));
        Assert.Equal(container, await ContainerAsync(cluster));
        // And what it adopted it also keeps running.
        Kill(directory.ServerPid);
        await ServerIsBackAsync(cluster);
        Assert.DoesNotContain("Nothing supervises", (await cluster.PetrelAsync("status")).Output, StringComparison.Ordinal);
    }

    [RootFact]
    public async Task A_killed_server_is_back_within_two_seconds()
    {
        await using var cluster = await TestCluster.UpAsync(nodes: 1);
        var directory = new ClusterDirectory(cluster.DataDirectory);
        var times = new List<TimeSpan>();
        for (var kill = 0; kill < 3; kill++)
        {
            var start = Stopwatch.GetTimestamp();
            Kill(directory.ServerPid);
            await ServerIsBackAsync(cluster);
            times.Add(Stopwatch.GetElapsedTime(start));
        }
        TestContext.Current.SendDiagnosticMessage($"back after {string.Join(", ", times.Select(t => $"{t.TotalSeconds:0.00} s"))}");

        Assert.True(times.Min() < TimeSpan.FromSeconds(2), $"back after {string.Join(", ", times)}");
    }

    [RootFact]
    public async Task Nodes_that_die_are_started_again_and_nodes_that_were_switched_off_are_not()
    {
        await using var cluster = await TestCluster.UpAsync(nodes: 2);
        var directory = new ClusterDirectory(cluster.DataDirectory);
        await cluster.PetrelAsync("node", "kill", "node-2");

        // The node's init, and with it everything in its namespaces.
        Kill(directory.NodePid("node-1"));

        await Eventually.TrueAsync(
            "node-1 is back",
            () => Task.FromResult(ProcessRecord.Find(directory.NodePid("node-1")) is not null),
            Patience,
            cluster.DescribeAsync
        );
        await Eventually.TrueAsync(
            "node-1 is Ready",
            async () => (await cluster.KubectlAsync("get", "node", "node-1")).Contains(" Ready ", StringComparison.Ordinal),
            Patience,
            cluster.DescribeAsync
        );
        Assert.Null(ProcessRecord.Find(directory.NodePid("node-2")));
        var start = await cluster.PetrelAsync("node", "start", "node-2");
        Assert.True(start.ExitCode == 0, start.Text);
    }

    [RootFact]
    public async Task Down_works_without_a_supervisor_and_leaves_nothing()
    {
        var before = await HostInventory.ReadAsync();
        var cluster = await TestCluster.UpAsync(nodes: 2);
        var directory = new ClusterDirectory(cluster.DataDirectory);
        await RunPodAsync(cluster);
        // A node that lost its power can't clean up after itself.
        await cluster.PetrelAsync("node", "kill", await NodeOfPodAsync(cluster));
        Kill(directory.SupervisorPid);

        var down = await cluster.PetrelAsync("down");

        Assert.True(down.ExitCode == 0, down.Text);
        await cluster.DisposeAsync();
        await Eventually.TrueAsync(
            "the host is as before",
            async () => (await HostInventory.ReadAsync()).Since(before).Count == 0,
            TimeSpan.FromSeconds(10),
            async () => string.Join('\n', (await HostInventory.ReadAsync()).Since(before))
        );
    }

    [RootFact]
    public async Task Of_two_ups_at_one_moment_one_brings_the_cluster_up()
    {
        var before = await HostInventory.ReadAsync();
        var directory = TestCluster.NewDirectory();
        string[] up = ["up", "--detach", "--nodes", "1", "--port", "0", "--data", directory];

        var results = await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Shell.RunAsync(TestCluster.Petrel, up)));
        var supervisors = Shell.CountProcesses($"up --supervise --data {directory}");
        var down = await Shell.RunAsync(TestCluster.Petrel, ["down", "--data", directory]);

        var texts = string.Join('\n', results.Select(r => r.Text));
        Assert.True(results.Count(r => r.ExitCode == 0) == 1, texts);
        Assert.All(results.Where(r => r.ExitCode != 0), r => Assert.Matches("at work on the cluster|is up already", r.Errors));
        Assert.Equal(1, supervisors);
        Assert.True(down.ExitCode == 0, down.Text);
        Directory.Delete(directory, recursive: true);
        Assert.Empty((await HostInventory.ReadAsync()).Since(before));
    }

    [RootFact]
    public async Task A_server_that_can_not_start_ends_up_at_once_with_its_last_words()
    {
        var cluster = await TestCluster.UpAsync(nodes: 0);
        await cluster.PetrelAsync("down");
        var store = new ClusterDirectory(cluster.DataDirectory).StoreFile;
        foreach (var file in Directory.GetFiles(Path.GetDirectoryName(store)!))
        {
            File.Delete(file);
        }
        Directory.CreateDirectory(store);

        var start = Stopwatch.GetTimestamp();
        var up = await cluster.PetrelAsync("up", "--detach");

        Assert.Equal(1, up.ExitCode);
        Assert.Contains("The API server ended while it started: ", up.Text, StringComparison.Ordinal);
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(30), "it took as long as a slow start");
        await cluster.DisposeAsync();
    }

    [RootFact]
    public async Task A_node_that_loses_its_power_takes_no_other_with_it()
    {
        await using var cluster = await TestCluster.UpAsync(nodes: 3);
        for (var index = 1; index <= 3; index++)
        {
            var victim = $"node-{index}";
            var others = Enumerable.Range(1, 3).Where(n => n != index).Select(n => $"node-{n}").ToList();
            await cluster.PetrelAsync("node", "kill", victim);

            // Leases are renewed every 2 s.
            var longest = TimeSpan.Zero;
            var renewals = others.ToDictionary(n => n, _ => new HashSet<DateTimeOffset>());
            await Eventually.TrueAsync(
                "the others have renewed their leases five times",
                async () =>
                {
                    foreach (var (node, renewed) in await RenewalsAsync(cluster, others))
                    {
                        renewals[node].Add(renewed);
                        var age = DateTimeOffset.UtcNow - renewed;
                        longest = age > longest ? age : longest;
                    }
                    return renewals.Values.All(times => times.Count > 5);
                },
                Patience,
                cluster.DescribeAsync
            );

            Assert.True(longest < TimeSpan.FromSeconds(6), $"after {victim} lost its power another's lease was {longest} old");
            await cluster.PetrelAsync("node", "start", victim);
            await Eventually.TrueAsync(
                $"{victim} is Ready",
                async () => (await cluster.KubectlAsync("get", "node", victim)).Contains(" Ready ", StringComparison.Ordinal),
                Patience,
                cluster.DescribeAsync
            );
        }
    }

    private static async Task<IReadOnlyList<(string Node, DateTimeOffset Renewed)>> RenewalsAsync(TestCluster cluster, List<string> nodes)
    {
        var leases = await cluster.JsonAsync("get", "leases", "-n", "kube-node-lease");
        return
        [
            .. from lease in leases.GetProperty("items").EnumerateArray()
            let name = lease.GetProperty("metadata").GetProperty("name").GetString()!
            where nodes.Contains(name)
            select (name, lease.GetProperty("spec").GetProperty("renewTime").GetDateTimeOffset()),
        ];
    }

    private static async Task RunPodAsync(TestCluster cluster)
    {
        foreach (var archive in Images.Archives.Where(a => a.Contains("busybox", StringComparison.Ordinal)))
        {
            await cluster.PetrelAsync("image", "load", archive);
        }
        await cluster.KubectlAsync("run", "sleeper", "--image=busybox", "--image-pull-policy=Never", "--", "sleep", "3600");
        await Eventually.TrueAsync(
            "the pod runs",
            async () => (await cluster.KubectlAsync("get", "pod", "sleeper")).Contains(" Running ", StringComparison.Ordinal),
            Patience,
            cluster.DescribeAsync
        );
    }

    private static async Task<string> NodeOfPodAsync(TestCluster cluster) =>
        (await cluster.JsonAsync("get", "pod", "sleeper")).GetProperty("spec").GetProperty("nodeName").GetString()!;

    private static async Task<string> ContainerAsync(TestCluster cluster)
    {
        JsonElement status = (await cluster.JsonAsync("get", "pod", "sleeper")).GetProperty("status");
        return status.GetProperty("containerStatuses")[0].GetProperty("containerID").GetString()!;
    }

    private static List<string> Running(ClusterDirectory directory) =>
        [
            .. Directory
                .GetFiles(directory.Run, "*.pid")
                .Where(path => path != directory.SupervisorPid)
                .Order(StringComparer.Ordinal)
                .Select(path => $"{Path.GetFileName(path)} {ProcessRecord.Find(path)}"),
        ];

    private static Task<bool> IsGoneAsync(string pidFile) => Task.FromResult(ProcessRecord.Find(pidFile) is null);

    private static async Task ServerIsBackAsync(TestCluster cluster)
    {
        var directory = new ClusterDirectory(cluster.DataDirectory);
        using var api = ClusterConnections.OpenAsAdmin(directory, ClusterSettings.Require(directory));
        await Eventually.TrueAsync(
            "the server is back",
            async () =>
            {
                try
                {
                    return (await api.HandleAsync(new ApiRequest { Method = "GET", Path = "/readyz" }, CancellationToken.None)).IsSuccess;
                }
                catch (Exception e) when (e is IOException or OperationCanceledException)
                {
                    return false;
                }
            },
            Patience,
            cluster.DescribeAsync
        );
    }

    private static void Kill(string pidFile) => ProcessRecord.Find(pidFile)?.Signal(ProcessRecord.SigKill);
}
