using System.Text.RegularExpressions;

namespace Petrel.EndToEnd.Tests.Clients;

/// <summary>kubectl in a namespace. Words are parted by spaces; a space within a word is written as U+00A0.</summary>
internal sealed class KubectlSession(TestCluster cluster, string ns)
{
    /// <summary>A new namespace of the clients' cluster, ready for pods.</summary>
    public static async Task<KubectlSession> InNamespaceAsync(ClientCluster clients, string name)
    {
        var cluster = await clients.GetAsync();
        var session = new KubectlSession(cluster, name);
        await cluster.KubectlAsync("create", "namespace", name);
        // As everywhere, pods need their namespace's account, which a controller makes.
        await Eventually.TrueAsync(
            "the service account is there",
            async () => (await session.TryAsync("get serviceaccount default")).ExitCode == 0,
            TimeSpan.FromSeconds(20),
            cluster.DescribeAsync
        );
        return session;
    }

    public Task<ShellResult> TryAsync(string line, string? input = null, Dictionary<string, string>? environment = null) =>
        Shell.RunAsync(
            TestCluster.KubectlPath,
            [
                .. line.Split(' ').Select(w => w.Replace('\u00a0', ' ')).TakeWhile(w => w != "--"),
                "-n",
                ns,
                .. line.Split(' ').SkipWhile(w => w != "--"),
            ],
            new Dictionary<string, string>(environment ?? [])
            {
                ["KUBECONFIG"] = cluster.Kubeconfig,
                ["KUBE_EDITOR"] = environment?.GetValueOrDefault("EDITOR") ?? "false",
            },
            input
        );

    /// <summary>
    /// Runs a command that must end with this exit code and say this somewhere (white space counts as one space). Returns all it said.
    /// </summary>
    public async Task<string> SaysAsync(
        string expected,
        string line,
        string? input = null,
        int exitCode = 0,
        Dictionary<string, string>? environment = null
    )
    {
        var result = await TryAsync(line, input, environment);
        Assert.True(
            result.ExitCode == exitCode && Regex.Replace(result.Text, @"[ \t]+", " ").Contains(expected, StringComparison.Ordinal),
            $"kubectl {line}: expected '{expected}' and exit code {exitCode}, got {result.ExitCode}:\n{result.Text}"
        );
        return result.Output;
    }
}
