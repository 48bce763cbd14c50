using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.Agent.Images;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Runtimes.Local;
using Petrel.Agent.Runtimes.Oci;
using Petrel.Agent.Tests.Images;
using Petrel.Model.Determinism;
using Petrel.Network.Linux;

namespace Petrel.Agent.Tests.Oci;

/// <summary>A real <see cref="OciRuntime"/> over a directory of its own, with a busybox image; takes everything away in the end.</summary>
internal sealed class OciTestBed : IAsyncDisposable
{
    private static int _count;
    private readonly int _number = Interlocked.Increment(ref _count);
    private readonly SeededEntropy _entropy = new((ulong)Random.Shared.NextInt64());
    private int _pods;

    private OciTestBed(string? runtimePath, Func<OciRuntimeSettings, OciRuntimeSettings>? change)
    {
        var settings = new OciRuntimeSettings
        {
            StateDirectory = Path.Combine(Directory.FullName, "node"),
            CgroupParent = $"petrel-test-{Path.GetFileName(Directory.FullName)}",
            RuntimePath = runtimePath,
            SeccompProfiles = PathOf("seccomp"),
        };
        Settings = change?.Invoke(settings) ?? settings;
        Images = new ImageStore(Path.Combine(Directory.FullName, "images"), _entropy, new RegistrySettings(), TimeProvider.System);
        Runtime = NewRuntime();
    }

    public DirectoryInfo Directory { get; } = System.IO.Directory.CreateTempSubdirectory("petrel-oci-");
    public OciRuntimeSettings Settings { get; }
    public ImageStore Images { get; }
    public OciRuntime Runtime { get; private set; }

    public static async Task<OciTestBed> StartAsync(string? runtimePath = null, Func<OciRuntimeSettings, OciRuntimeSettings>? change = null)
    {
        Assert.SkipWhen(TestNode.Missing is not null, TestNode.Missing ?? "");
        var bed = await PrepareAsync(runtimePath, change);
        await bed.Runtime.StartAsync(CancellationToken.None);
        return bed;
    }

    /// <summary>A runtime that an agent starts.</summary>
    public static async Task<OciTestBed> PrepareAsync(
        string? runtimePath = null,
        Func<OciRuntimeSettings, OciRuntimeSettings>? change = null
    )
    {
        var bed = new OciTestBed(runtimePath, change);
        await bed.Images.ImportAsync(TestImage.Busybox().WriteLayout(bed.PathOf("layout"), "busybox"), CancellationToken.None);
        return bed;
    }

    public string PathOf(string name) => System.IO.Path.Combine(Directory.FullName, name);

    /// <summary>A new agent over the same directories.</summary>
    public async Task RestartAsync(Func<Task>? meanwhile = null)
    {
        Runtime.Dispose();
        await (meanwhile?.Invoke() ?? Task.CompletedTask);
        Runtime = NewRuntime();
        await Runtime.StartAsync(CancellationToken.None);
    }

    /// <summary>What a power cut leaves: records, but no process, mount or namespace.</summary>
    public async Task CutPowerAsync()
    {
        Runtime.Dispose();
        foreach (var file in System.IO.Directory.GetFiles(Settings.StateDirectory, "conmon.pid", SearchOption.AllDirectories))
        {
            _ = Tool.Kill(int.Parse(File.ReadAllText(file)), 9);
        }
        var cgroups = new Cgroups(Settings.CgroupParent);
        foreach (var sandbox in await Runtime.ListSandboxesAsync(CancellationToken.None))
        {
            cgroups.KillPod(sandbox.Id);
        }
        foreach (var mount in Mounts.Below(Settings.StateDirectory).Reverse())
        {
            Mounts.Remove(mount);
        }
        Runtime = NewRuntime();
        await Runtime.StartAsync(CancellationToken.None);
    }

    public SandboxSpec Pod(string? name = null) =>
        new()
        {
            PodNamespace = "default",
            PodName = name ?? $"pod-{++_pods}",
            PodUid = _entropy.NewUid(),
            Hostname = name ?? $"pod-{_pods}",
        };

    public ContainerSpec Container(params string[] command) =>
        new()
        {
            Name = "main",
            Image = "busybox",
            Command = command,
            LogPath = PathOf($"{_entropy.NewNameSuffix(8)}.log"),
        };

    public async Task<(string Sandbox, string Container)> RunAsync(ContainerSpec container, SandboxSpec? pod = null)
    {
        var sandbox = await Runtime.RunSandboxAsync(pod ?? Pod(), CancellationToken.None);
        var id = await Runtime.CreateContainerAsync(sandbox.Id, container, CancellationToken.None);
        await Runtime.StartContainerAsync(id, CancellationToken.None);
        return (sandbox.Id, id);
    }

    public async Task<ContainerStatus> StatusAsync(string container) =>
        (await Runtime.ListContainersAsync(CancellationToken.None)).Single(c => c.Id == container);

    public async Task<ContainerStatus> ExitedAsync(string container)
    {
        await UntilAsync(async () => (await StatusAsync(container)).State == ContainerState.Exited);
        return await StatusAsync(container);
    }

    /// <summary>Runs a command in a pod of its own to its end and returns what it printed, without the log's own columns.</summary>
    public async Task<(int ExitCode, string Output)> OutputOfAsync(ContainerSpec container)
    {
        var (sandbox, id) = await RunAsync(container);
        var status = await ExitedAsync(id);
        await Runtime.RemoveSandboxAsync(sandbox, CancellationToken.None);
        return (status.ExitCode!.Value, Text(container));
    }

    public static string Text(ContainerSpec container) =>
        string.Join('\n', File.ReadLines(container.LogPath).Select(line => line.Split(' ', 4)[3]));

    public async Task<string> ExecAsync(string container, params string[] command)
    {
        var result = await Runtime.ExecAsync(container, command, TimeSpan.FromSeconds(10), CancellationToken.None);
        Assert.True(result.ExitCode == 0, System.Text.Encoding.UTF8.GetString(result.ErrorOutput));
        return System.Text.Encoding.UTF8.GetString(result.Output).TrimEnd();
    }

    public static async Task UntilAsync(Func<Task<bool>> condition)
    {
        var deadline = DateTime.UtcNow.AddSeconds(15);
        while (!await condition())
        {
            Assert.True(DateTime.UtcNow < deadline, "the condition did not come true in 15 s");
            await Task.Delay(5);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var sandbox in await Runtime.ListSandboxesAsync(CancellationToken.None))
        {
            await Runtime.RemoveSandboxAsync(sandbox.Id, CancellationToken.None);
        }
        Runtime.Dispose();
        await Tool.RunAsync("ip", ["link", "del", "dev", Bridge], null, CancellationToken.None);
        Images.Dispose();
        Directory.Delete(recursive: true);
    }

    /// <summary>The node's address on the pods' bridge.</summary>
    public string Gateway => $"10.253.{_number}.1";

    private string Bridge => $"test{_number}";

    private OciRuntime NewRuntime() =>
        new(
            Settings,
            Images,
            new BridgePodNetwork(
                new BridgePodNetworkSettings(
                    Bridge,
                    IPNetwork.Parse($"10.253.{_number}.0/24"),
                    System.IO.Path.Combine(Settings.StateDirectory, "network")
                )
            ),
            TimeProvider.System,
            _entropy,
            NullLogger<OciRuntime>.Instance
        );
}
