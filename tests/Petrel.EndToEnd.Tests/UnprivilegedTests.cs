namespace Petrel.EndToEnd.Tests;

/// <summary>A cluster of a user without any privileges: plain processes on the host's network.</summary>
public sealed class UnprivilegedTests
{
    private const string Sleeper = """
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: greeting}
        data: {word: ahoy}
        ---
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: sleeper}
        spec:
          replicas: 2
          selector: {matchLabels: {app: sleeper}}
          template:
            metadata: {labels: {app: sleeper}}
            spec:
              terminationGracePeriodSeconds: 1
              containers:
              - name: main
                image: busybox
                imagePullPolicy: IfNotPresent
                command: [sh, -c, "echo $WORD as $(id -u); exec sleep 1000"]
                env: [{name: WORD, valueFrom: {configMapKeyRef: {name: greeting, key: word}}}]
        """;

    [RootFact]
    public async Task An_unprivileged_user_runs_a_deployment_of_plain_processes()
    {
        // Somewhere that the user may read: the repository need not be.
        var directory = TestCluster.NewDirectory();
        var program = Path.Combine(directory, "program");
        await RunAsync("cp", "-r", Path.GetDirectoryName(TestCluster.Petrel)!, program);
        var data = Path.Combine(directory, "data");
        Directory.CreateDirectory(data);
        await RunAsync("cp", Images.Archives.First(a => a.Contains("busybox")), directory);
        await RunAsync("chown", "-R", "65534:65534", directory);
        string[] nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "env", $"HOME={directory}"];

        await using (var cluster = await TestCluster.UpAsync(nodes: 2, data, nobody, Path.Combine(program, "petrel")))
        {
            var load = await cluster.PetrelAsync("image", "load", Path.Combine(directory, "busybox-latest.tar"));
            Assert.True(load.ExitCode == 0, load.Text);
            var apply = await cluster.KubectlWithAsync(Sleeper, "apply", "-f", "-");
            Assert.True(apply.ExitCode == 0, apply.Text);
            await cluster.KubectlAsync("rollout", "status", "deployment/sleeper", "--timeout=60s");
            Assert.Equal("ahoy as 65534\n", await cluster.KubectlAsync("logs", "deployment/sleeper"));
            Assert.Contains("process://", await cluster.KubectlAsync("get", "nodes", "-o", "wide"));
            await cluster.KubectlAsync("delete", "deployment", "sleeper");
            await Eventually.TrueAsync(
                "the pods are gone",
                async () => (await cluster.KubectlAsync("get", "pods", "--no-headers")).Length == 0,
                TimeSpan.FromSeconds(30),
                cluster.DescribeAsync
            );
        }
        Directory.Delete(directory, recursive: true);
    }

    private static async Task RunAsync(string program, params string[] arguments)
    {
        var result = await Shell.RunAsync(program, arguments);
        Assert.True(result.ExitCode == 0, result.Text);
    }
}
