namespace Petrel.EndToEnd.Tests.Clients;

/// <summary>Helm 4 with a chart that has hooks, a test and a custom kind.</summary>
[Collection(nameof(ClientCluster))]
public sealed class HelmTests(ClientCluster clients)
{
    private static string Chart { get; } = Path.Combine(Shell.Root, "tests", "Petrel.EndToEnd.Tests", "Clients", "chart");

    [ClientFact("helm")]
    public async Task A_chart_is_installed_upgraded_rolled_back_tested_and_removed()
    {
        var cluster = await clients.GetAsync();
        Task<ShellResult> Helm(params string[] arguments) =>
            Shell.RunAsync(
                Path.Combine(ClientFactAttribute.Tools, "helm"),
                [.. arguments, "-n", "shop"],
                new Dictionary<string, string>
                {
                    ["KUBECONFIG"] = cluster.Kubeconfig,
                    ["HELM_CACHE_HOME"] = cluster.DataDirectory,
                    ["HELM_CONFIG_HOME"] = cluster.DataDirectory,
                    ["HELM_DATA_HOME"] = cluster.DataDirectory,
                }
            );
        async Task Says(string expected, params string[] arguments)
        {
            var result = await Helm(arguments);
            Assert.True(
                result.ExitCode == 0 && result.Text.Contains(expected, StringComparison.Ordinal),
                $"helm {string.Join(' ', arguments)}: {result.Text}{await cluster.DescribeAsync()}"
            );
        }
        Task<string> Greeting() => cluster.KubectlAsync("get", "configmap", "s-config", "-n", "shop", "-o", "jsonpath={.data.greeting}");

        await Says("STATUS: deployed", "install", "s", Chart, "--create-namespace", "--wait", "--timeout", "60s");
        Assert.Equal("hello", await Greeting());
        await Says("STATUS: deployed", "upgrade", "s", Chart, "--set", "greeting=bye", "--set", "replicas=2", "--wait", "--timeout", "60s");
        Assert.Equal("bye", await Greeting());
        Assert.Equal("2", await cluster.KubectlAsync("get", "deployment", "s-web", "-n", "shop", "-o", "jsonpath={.status.readyReplicas}"));
        await Says("Rollback was a success", "rollback", "s", "1", "--wait", "--timeout", "60s");
        Assert.Equal("hello", await Greeting());
        await Says("Phase:          Succeeded", "test", "s", "--timeout", "60s");
        await Says("superseded", "history", "s");
        await Says("uninstalled", "uninstall", "s", "--wait", "--timeout", "60s");
        Assert.Equal("", await cluster.KubectlAsync("get", "deployments,widgets", "-n", "shop", "-o", "name"));
        await cluster.KubectlAsync("get", "crd", "widgets.shop.example.com");
    }
}
