namespace Petrel.EndToEnd.Tests;

/// <summary>up, down, up again; and the deaths of single processes.</summary>
public sealed class LifecycleTests
{
    private const string Sleeper = """
        apiVersion: v1
        kind: Pod
        metadata: {name: sleeper}
        spec:
          terminationGracePeriodSeconds: 1
          containers:
          - name: main
            image: busybox
            imagePullPolicy: IfNotPresent
            command: [sh, -c, "while :; do date; sleep 1; done"]
        """;

    [RootFact]
    public async Task A_second_up_resumes_the_cluster_with_its_objects()
    {
        var directory = TestCluster.NewDirectory();
        await using (var first = await TestCluster.UpAsync(nodes: 1, directory))
        {
            var path = await first.PetrelAsync("kubeconfig");
            Assert.Equal(first.Kubeconfig + "\n", path.Output);
            await first.KubectlAsync(
                "create",
                "-f",
                await ManifestAsync(directory, "config.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: kept}, data: {a: b}}")
            );
        }
        await using (var second = await TestCluster.UpAsync(nodes: 1, directory))
        {
            Assert.Equal("b", await second.KubectlAsync("get", "configmap", "kept", "-o", "jsonpath={.data.a}"));
            var status = await second.PetrelAsync("status");
            Assert.Contains("node-1", status.Output);
        }
        await using (var fresh = await TestCluster.UpAsync(nodes: 1, directory, more: "--fresh"))
        {
            Assert.Contains("NotFound", (await fresh.TryKubectlAsync("get", "configmap", "kept")).Errors);
        }
        Directory.Delete(directory, recursive: true);
    }

    [RootFact]
    public async Task Neither_the_servers_death_nor_the_agents_disturbs_a_running_pod()
    {
        await using var cluster = await TestCluster.UpAsync(nodes: 1);
        await cluster.PetrelAsync(["image", "load", .. Images.Archives.Where(a => a.Contains("busybox"))]);
        await cluster.KubectlAsync("apply", "-f", await ManifestAsync(cluster.DataDirectory, "sleeper.yaml", Sleeper));
        await cluster.KubectlAsync("wait", "--for=condition=Ready", "pod/sleeper", "--timeout=30s");
        var before = await ContainerAsync(cluster);

        Kill(Path.Combine(cluster.DataDirectory, "run", "server.pid"));
        await Eventually.TrueAsync(
            "the server is back",
            async () => (await cluster.TryKubectlAsync("get", "pods")).ExitCode == 0,
            TimeSpan.FromSeconds(20),
            cluster.DescribeAsync
        );
        KillAgent(cluster);
        var log = await Eventually.GetAsync(
            "the agent is back",
            async () => await cluster.TryKubectlAsync("logs", "sleeper") is { ExitCode: 0 } logs ? logs.Output : null,
            TimeSpan.FromSeconds(20),
            cluster.DescribeAsync
        );
        var lines = log.Split('\n').Length;
        await Eventually.TrueAsync(
            "the pod's log goes on",
            async () => (await cluster.KubectlAsync("logs", "sleeper")).Split('\n').Length > lines,
            TimeSpan.FromSeconds(20),
            cluster.DescribeAsync
        );

        Assert.Equal(before, await ContainerAsync(cluster));
    }

    private static async Task<string> ContainerAsync(TestCluster cluster) =>
        await cluster.KubectlAsync(
            "get",
            "pod",
            "sleeper",
            "-o",
            "jsonpath={.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}"
        );

    private static void Kill(string pidFile)
    {
        var pid = int.Parse(File.ReadAllText(pidFile).Split(' ')[0]);
        System.Diagnostics.Process.GetProcessById(pid).Kill();
    }

    // The agent is the process in the node that runs 'petrel agent' for this cluster.
    private static void KillAgent(TestCluster cluster)
    {
        var agents =
            from folder in Directory.EnumerateDirectories("/proc")
            where int.TryParse(Path.GetFileName(folder), out _)
            let command = CommandLine(folder)
            where command.Length > 2 && command[0] == TestCluster.Petrel && command[1] == "agent" && command.Contains(cluster.DataDirectory)
            select int.Parse(Path.GetFileName(folder));
        var agent = Assert.Single(agents);
        System.Diagnostics.Process.GetProcessById(agent).Kill();
    }

    private static string[] CommandLine(string processFolder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(processFolder, "cmdline")).Split('\0');
        }
        catch (IOException)
        {
            return [];
        }
    }

    private static async Task<string> ManifestAsync(string directory, string name, string text)
    {
        var path = Path.Combine(directory, name);
        await File.WriteAllTextAsync(path, text);
        return path;
    }
}
