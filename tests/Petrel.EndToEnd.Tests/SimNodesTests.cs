using Petrel.EndToEnd.Tests.Clients;

namespace Petrel.EndToEnd.Tests;

/// <summary>
/// <c>petrel sim-nodes</c> as a user runs it: more nodes than any machine has here, and manifests that find room on them.
/// </summary>
public sealed class SimNodesTests
{
    private const string Large = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: large}
        spec:
          replicas: 300
          selector: {matchLabels: {app: large}}
          template:
            metadata: {labels: {app: large}}
            spec:
              containers:
              - name: main
                image: registry.example/large:1
                resources: {requests: {cpu: "1", memory: 1Gi}}
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: crashing, annotations: {sim.petrel.dev/run-time: 1s, sim.petrel.dev/exit-code: "7"}}
        spec:
          containers: [{name: main, image: registry.example/crashing:1}]
        """;

    [ClientFact("kubectl")]
    public async Task Simulated_nodes_carry_a_large_deployment_and_leave_with_ctrl_c()
    {
        await using var cluster = await TestCluster.UpAsync(nodes: 0, more: ["--runtime", "process"]);
        await using var fleet = Shell.Follow(
            TestCluster.Petrel,
            ["sim-nodes", "--count", "50", "--zones", "3", "--start-delay", "200ms..1s", "--data", cluster.DataDirectory]
        );

        await Eventually.TrueAsync(
            "50 nodes are ready",
            async () =>
                (await cluster.KubectlAsync("get", "nodes", "-l", "petrel.dev/simulated=true", "--no-headers"))
                    .Split('\n')
                    .Count(l => l.Contains(" Ready ", StringComparison.Ordinal)) == 50,
            TimeSpan.FromSeconds(90),
            () => Task.FromResult(fleet.Text)
        );
        await Eventually.TrueAsync(
            "the service account is there",
            async () => (await cluster.TryKubectlAsync("get", "serviceaccount", "default")).ExitCode == 0,
            TimeSpan.FromSeconds(20),
            cluster.DescribeAsync
        );
        var apply = await cluster.KubectlWithAsync(Large, "apply", "-f", "-");
        Assert.True(apply.ExitCode == 0, apply.Text);
        await cluster.KubectlAsync("rollout", "status", "deployment/large", "--timeout=180s");

        var pods = await cluster.ReadyPodsAsync("app=large");
        Assert.Equal(300, pods.Count);
        Assert.Equal(300, pods.Select(p => p.Address).Distinct().Count());
        Assert.Equal(50, pods.Select(p => p.Node).Distinct().Count());
        await Eventually.TrueAsync(
            "the crashing pod is seen to crash",
            async () =>
                (await cluster.KubectlAsync("get", "pod", "crashing", "--no-headers")).Contains(
                    "CrashLoopBackOff",
                    StringComparison.Ordinal
                ),
            TimeSpan.FromSeconds(60),
            cluster.DescribeAsync
        );

        await Shell.InterruptAsync(fleet.Id);
        await Eventually.TrueAsync(
            "the nodes are taken out",
            () => Task.FromResult(fleet.Text.Contains("50 nodes removed", StringComparison.Ordinal)),
            TimeSpan.FromSeconds(60),
            () => Task.FromResult(fleet.Text)
        );
        Assert.Equal("", await cluster.KubectlAsync("get", "nodes", "--no-headers"));
    }

    [Theory]
    [InlineData("--count must be from 1 to 15000, not 0.", "--count", "0")]
    [InlineData("--taint: \"a=b\" is not KEY[=VALUE]:EFFECT", "--count", "1", "--taint", "a=b")]
    [InlineData("--start-delay: \"soon\" is not a duration", "--count", "1", "--start-delay", "soon")]
    [InlineData("--pod-failure-rate must be from 0 to 1, not 2.", "--count", "1", "--pod-failure-rate", "2")]
    [InlineData("--kubeconfig: /nowhere can't be read", "--count", "1", "--kubeconfig", "/nowhere")]
    [InlineData("There is no cluster in /nowhere", "--count", "1", "--data", "/nowhere")]
    public async Task What_is_wrong_with_an_option_is_said_in_one_line_that_names_it(string message, params string[] arguments)
    {
        var result = await Shell.RunAsync(TestCluster.Petrel, ["sim-nodes", .. arguments]);
        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith($"petrel: {message}", result.Errors);
        Assert.Single(result.Errors.TrimEnd().Split('\n'));
    }
}
