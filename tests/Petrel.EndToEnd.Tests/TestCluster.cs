using System.Text.Json;

namespace Petrel.EndToEnd.Tests;

/// <summary>
/// A cluster that was brought up as a user does it: <c>./petrel up --detach</c> in a directory of its own, on free ports.
/// </summary>
public sealed class TestCluster : IAsyncDisposable
{
    private readonly bool _keepDirectory;

    private TestCluster(string directory, IReadOnlyList<string> user, bool keepDirectory)
    {
        DataDirectory = directory;
        User = user;
        _keepDirectory = keepDirectory;
    }

    public string DataDirectory { get; }

    /// <summary>What to put before every command to be the cluster's user; empty for root.</summary>
    public IReadOnlyList<string> User { get; }

    /// <summary>The program that this cluster is run with.</summary>
    public string Program { get; private init; } = Petrel;

    public string Kubeconfig => Path.Combine(DataDirectory, "kubeconfig");

    public static string Petrel { get; } = Path.Combine(Shell.Root, "artifacts", "petrel", "petrel");

    /// <summary>kubectl as set-up installed it.</summary>
    public static string KubectlPath { get; } = Path.Combine(Shell.Root, "artifacts", "tools", "kubectl");

    public static string NewDirectory() => Directory.CreateTempSubdirectory("petrel-e2e-").FullName;

    /// <summary>Brings a cluster up, which soon notices a lost node, and waits until it says that it is ready.</summary>
    public static async Task<TestCluster> UpAsync(
        int nodes = 3,
        string? directory = null,
        IReadOnlyList<string>? user = null,
        string? program = null,
        params IReadOnlyList<string> more
    )
    {
        var cluster = new TestCluster(directory ?? NewDirectory(), user ?? [], keepDirectory: directory is not null)
        {
            Program = program ?? Petrel,
        };
        var up = await cluster.PetrelAsync(["up", "--detach", "--fast-failover", "--nodes", $"{nodes}", "--port", "0", .. more]);
        Assert.True(up.ExitCode == 0, up.Text + await cluster.LogsAsync());
        return cluster;
    }

    /// <summary>Runs <c>petrel</c> with this cluster's data directory.</summary>
    public async Task<ShellResult> PetrelAsync(params IReadOnlyList<string> arguments)
    {
        IReadOnlyList<string> command = [.. User, Program, .. arguments, "--data", DataDirectory];
        return await Shell.RunAsync(command[0], [.. command.Skip(1)]);
    }

    public Task<ShellResult> TryKubectlAsync(params IReadOnlyList<string> arguments) => KubectlWithAsync(null, arguments);

    /// <summary>Runs kubectl with something on its standard input.</summary>
    public Task<ShellResult> KubectlWithAsync(string? input, params IReadOnlyList<string> arguments) =>
        Shell.RunAsync(KubectlPath, arguments, Environment, input);

    /// <summary>Runs kubectl, which must succeed, and returns what it printed.</summary>
    public async Task<string> KubectlAsync(params IReadOnlyList<string> arguments)
    {
        var result = await TryKubectlAsync(arguments);
        Assert.True(result.ExitCode == 0, $"kubectl {string.Join(' ', arguments)} ended with {result.ExitCode}:\n{result.Text}");
        return result.Output;
    }

    /// <summary>Starts a kubectl that runs on (<c>-w</c>, <c>-f</c>).</summary>
    public Following KubectlFollow(params IReadOnlyList<string> arguments) => Shell.Follow(KubectlPath, arguments, Environment);

    /// <summary>The answer of <c>kubectl … -o json</c>.</summary>
    public async Task<JsonElement> JsonAsync(params IReadOnlyList<string> arguments)
    {
        using var document = JsonDocument.Parse(await KubectlAsync([.. arguments, "-o", "json"]));
        return document.RootElement.Clone();
    }

    /// <summary>The pods of a label selector that are ready and not on their way out.</summary>
    public async Task<IReadOnlyList<ReadyPod>> ReadyPodsAsync(string selector, string ns = "default")
    {
        var list = await JsonAsync("get", "pods", "-n", ns, "-l", selector);
        return
        [
            .. from pod in list.GetProperty("items").EnumerateArray()
            where !pod.GetProperty("metadata").TryGetProperty("deletionTimestamp", out _)
            let status = pod.GetProperty("status")
            where
                status.TryGetProperty("conditions", out var conditions)
                && conditions
                    .EnumerateArray()
                    .Any(c => c.GetProperty("type").GetString() == "Ready" && c.GetProperty("status").GetString() == "True")
            select new ReadyPod(
                pod.GetProperty("metadata").GetProperty("name").GetString()!,
                pod.GetProperty("metadata").GetProperty("uid").GetString()!,
                status.GetProperty("podIP").GetString()!,
                pod.GetProperty("spec").GetProperty("nodeName").GetString()!
            ),
        ];
    }

    /// <summary>What to read when something is not as it should be.</summary>
    public async Task<string> DescribeAsync()
    {
        var parts = new List<string>();
        foreach (var arguments in new[] { "get nodes -o wide", "get pods -A -o wide", "get events -A" })
        {
            parts.Add((await TryKubectlAsync(arguments.Split(' '))).Text);
        }
        return string.Join('\n', parts) + await LogsAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await PetrelAsync("down");
        if (!_keepDirectory)
        {
            Directory.Delete(DataDirectory, recursive: true);
        }
    }

    private Dictionary<string, string> Environment => new() { ["KUBECONFIG"] = Kubeconfig };

    private async Task<string> LogsAsync()
    {
        var run = Path.Combine(DataDirectory, "run");
        var text = "";
        foreach (var log in Directory.Exists(run) ? Directory.GetFiles(run, "*.log") : [])
        {
            var lines = await File.ReadAllLinesAsync(log);
            text += $"\n--- {Path.GetFileName(log)}\n{string.Join('\n', lines.TakeLast(40))}";
        }
        return text;
    }
}

/// <summary>A pod that serves.</summary>
public sealed record ReadyPod(string Name, string Uid, string Address, string Node);
