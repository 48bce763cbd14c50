using System.Net;

namespace Petrel.EndToEnd.Tests;

/// <summary>The README's promise: a real application on a real cluster, through a roll-out, a roll-back and the loss of a node.</summary>
public sealed class GuestbookTests
{
    [RootFact]
    public async Task The_guestbook_runs_rolls_out_rolls_back_and_survives_a_killed_node()
    {
        await using var cluster = await TestCluster.UpAsync(nodes: 3);
        using var guestbook = new Guestbook(cluster);
        await guestbook.DeployAsync();

        // Three web replicas over three nodes, each with a page of its own.
        var pods = await guestbook.ReadyPodsAsync();
        Assert.Equal(3, pods.Count);
        Assert.Equal(3, pods.Select(p => p.Node).Distinct().Count());
        foreach (var pod in pods)
        {
            var (status, page) = await guestbook.GetAsync(pod);
            Assert.Equal(HttpStatusCode.OK, status);
            Assert.Contains("v1", page);
            Assert.Contains(pod.Name, page);
        }

        // What is stored through one pod is read through every other: it is in Redis.
        await guestbook.SignAsync(pods[0], "storm petrels nest at night");
        foreach (var pod in pods)
        {
            Assert.Contains("storm petrels nest at night", (await guestbook.GetAsync(pod, "/entries")).Text);
        }

        // Logs: whole, and followed.
        Assert.Contains("/entries", await cluster.KubectlAsync("logs", pods[0].Name));
        await using (var logs = cluster.KubectlFollow("logs", "-f", "--tail=1", pods[0].Name))
        {
            // Asked again and again: a line from before kubectl had begun to follow is not shown.
            await Eventually.TrueAsync(
                "the log line is followed",
                async () =>
                {
                    await guestbook.GetAsync(pods[0], "/followed");
                    return logs.Text.Contains("/followed");
                },
                TimeSpan.FromSeconds(20)
            );
        }

        // A new version and back, with visitors all the while.
        await using (var visitors = new Visitors(guestbook))
        {
            await cluster.KubectlAsync("set", "image", "deployment/guestbook", "guestbook=guestbook:v2");
            await cluster.KubectlAsync("rollout", "status", "deployment/guestbook", "--timeout=90s");
            Assert.All(await PagesAsync(guestbook), page => Assert.Contains("v2", page));
            await cluster.KubectlAsync("rollout", "undo", "deployment/guestbook");
            await cluster.KubectlAsync("rollout", "status", "deployment/guestbook", "--timeout=90s");
            Assert.All(await PagesAsync(guestbook), page => Assert.Contains("v1", page));
            Assert.Empty(await visitors.StopAsync());
            Assert.True(visitors.Count > 20, $"only {visitors.Count} visits");
        }
        Assert.Contains("REVISION", await cluster.KubectlAsync("rollout", "history", "deployment/guestbook"));

        await KillANodeAsync(cluster, guestbook);
    }

    private static async Task KillANodeAsync(TestCluster cluster, Guestbook guestbook)
    {
        var redis = (await cluster.ReadyPodsAsync("app=guestbook,tier=backend"))[0].Node;
        var victim = (await guestbook.ReadyPodsAsync()).First(p => p.Node != redis);
        await using var watch = cluster.KubectlFollow("get", "pods", "-w", "-o", "wide");
        await using var visitors = new Visitors(guestbook);

        var kill = await cluster.PetrelAsync("node", "kill", victim.Node);
        Assert.True(kill.ExitCode == 0, kill.Text);

        await Eventually.TrueAsync(
            "the node goes NotReady",
            async () => (await cluster.KubectlAsync("get", "node", victim.Node)).Contains("NotReady"),
            TimeSpan.FromSeconds(30),
            cluster.DescribeAsync
        );
        await Eventually.TrueAsync(
            "three ready pods on the other nodes",
            async () => (await guestbook.ReadyPodsAsync()) is { Count: 3 } ready && ready.All(p => p.Node != victim.Node),
            TimeSpan.FromSeconds(60),
            cluster.DescribeAsync
        );
        Assert.Contains("storm petrels", (await guestbook.GetAsync((await guestbook.ReadyPodsAsync())[0], "/entries")).Text);
        // A ready pod that dies with its node is ready in the API until the loss is detected; beyond that nothing may fail.
        var failures = await visitors.StopAsync();
        Assert.All(failures, failure => Assert.Contains(victim.Node, failure));
        Assert.True(visitors.LongestSilence < TimeSpan.FromSeconds(10), $"no answer for {visitors.LongestSilence}");
        Assert.Contains("Terminating", watch.Text);

        // The node comes back, and takes part again.
        var start = await cluster.PetrelAsync("node", "start", victim.Node);
        Assert.True(start.ExitCode == 0, start.Text);
        await cluster.KubectlAsync("wait", "--for=condition=Ready", $"node/{victim.Node}", "--timeout=30s");
        await Eventually.TrueAsync(
            "the lost pod's remains are gone",
            async () => !(await cluster.KubectlAsync("get", "pods")).Contains("Terminating"),
            TimeSpan.FromSeconds(60),
            cluster.DescribeAsync
        );
    }

    private static async Task<IReadOnlyList<string>> PagesAsync(Guestbook guestbook)
    {
        var pages = new List<string>();
        foreach (var pod in await guestbook.ReadyPodsAsync())
        {
            pages.Add((await guestbook.GetAsync(pod)).Text);
        }
        return pages;
    }
}
