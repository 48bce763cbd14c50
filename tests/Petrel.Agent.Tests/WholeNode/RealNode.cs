using System.Security.Cryptography;
using System.Text;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging.Abstractions;
using Petrel.Agent.Files;
using Petrel.Agent.Probes;
using Petrel.Agent.Tests.Images;
using Petrel.Agent.Tests.Oci;
using Petrel.Agent.Volumes;
using Petrel.ApiServer;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.NodeConnections;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Security;
using Petrel.Store.Memory;

namespace Petrel.Agent.Tests.WholeNode;

/// <summary>A whole node in real time: the API server, the agent, the pods' files, probes over sockets, and real containers.</summary>
public sealed class RealNode : IAsyncLifetime
{
    /// <summary>The node's memory in bytes.</summary>
    public const long Memory = 3L << 30;

    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly CancellationTokenSource _stop = new();
    private readonly MemoryStore _store = new();
    private readonly SocketProber _prober = new(TimeProvider.System);
    private OciTestBed? _bed;
    private LinuxPodFiles _files = null!;
    private Task _running = Task.CompletedTask;
    private int _pods;

    internal static byte[] Binary { get; } = [0xde, 0xca, 0xfe, 0x00, 0xba, 0xd0, 0xfe, 0xff];

    internal static string BinaryHash => Convert.ToHexStringLower(SHA256.HashData(Binary));

    internal string Address => _bed!.Gateway;

    internal ApiClient User { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        if (TestNode.Missing is not null)
        {
            return; // The tests are skipped.
        }
        _bed = await OciTestBed.PrepareAsync();
        await _bed.Images.ImportAsync(Speaker().WriteLayout(_bed.PathOf("speaker"), "speaker"), None);
        _files = new LinuxPodFiles(_bed.PathOf("pods"));
        var server = new ApiServer.Composition.ApiServer(
            new ApiServerOptions(),
            _store,
            BuiltInKinds.Registry,
            TimeProvider.System,
            new SystemEntropy(),
            new NoNodes(),
            NullLoggerFactory.Instance
        );
        User = new(server, new UserInfo("admin", [UserInfo.MastersGroup]));
        var serving = server.RunAsync(_stop.Token);
        await server.Ready.WaitAsync(Patience, None);
        await CreateSourcesAsync();
        var agent = new NodeAgent(
            new()
            {
                NodeName = "node1",
                NodeAddress = Address,
                MilliCpu = 4000,
                Memory = Memory,
                ResyncInterval = TimeSpan.FromMilliseconds(300),
                BackOffBase = TimeSpan.FromMilliseconds(100),
            },
            new(server, UserInfo.Node("node1")),
            _bed.Runtime,
            _files,
            new SimulatedPersistentVolumes(),
            _prober,
            TimeProvider.System,
            new SystemEntropy(),
            NullLoggerFactory.Instance
        );
        _running = Task.WhenAll(serving, agent.RunAsync(_stop.Token));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        try
        {
            await _running;
        }
        catch (OperationCanceledException)
        {
            // The server ends like this.
        }
        _prober.Dispose();
        _stop.Dispose();
        await _store.DisposeAsync();
        if (_bed is not null)
        {
            foreach (var sandbox in await _bed.Runtime.ListSandboxesAsync(None))
            {
                await _bed.Runtime.RemoveSandboxAsync(sandbox.Id, None);
            }
            MountCalls.RemoveBelow(_bed.PathOf("pods"));
            await _bed.DisposeAsync();
        }
    }

    /// <summary>A pod for this node whose container runs a script once.</summary>
    internal V1Pod Pod(string script, Action<V1Pod>? change = null)
    {
        Assert.SkipWhen(TestNode.Missing is not null, TestNode.Missing ?? "");
        var pod = new V1Pod
        {
            Metadata = new()
            {
                Name = $"pod-{Interlocked.Increment(ref _pods)}",
                NamespaceProperty = "default",
                Annotations = new Dictionary<string, string>(),
                Labels = new Dictionary<string, string>(),
            },
            Spec = new()
            {
                NodeName = "node1",
                RestartPolicy = "Never",
                TerminationGracePeriodSeconds = 1,
                Containers =
                [
                    new()
                    {
                        Name = "main",
                        Image = "busybox",
                        ImagePullPolicy = "Never",
                        Command = ["sh", "-c", script],
                    },
                ],
            },
        };
        change?.Invoke(pod);
        return pod;
    }

    /// <summary>Runs a pod to its end and returns what it was and what its container wrote.</summary>
    internal async Task<(V1Pod Pod, string Output)> RunAsync(V1Pod pod, Func<V1Pod, Task>? meanwhile = null)
    {
        var created = await User.CreateAsync(pod, None);
        if (meanwhile is not null)
        {
            await meanwhile(await UntilAsync(created, p => p.Status?.Phase == "Running" && OutputOf(p).Length > 0));
        }
        var ended = await UntilAsync(created, p => p.Status?.Phase is "Succeeded" or "Failed");
        var output = OutputOf(ended);
        Assert.True(ended.Status.Phase == "Succeeded", $"{output}\n{KubernetesJson.Serialize(ended.Status)}");
        await DeleteAsync(ended);
        return (ended, output);
    }

    internal async Task<string> OutputAsync(string script, Action<V1Pod> change) => (await RunAsync(Pod(script, change))).Output;

    internal async Task<V1Pod> CreateAsync(V1Pod pod) => await User.CreateAsync(pod, None);

    internal Task DeleteAsync(V1Pod pod) =>
        User.DeleteAsync<V1Pod>(new ObjectKey("default", pod.Metadata.Name), new() { GracePeriodSeconds = 0 }, None).AsTask();

    internal async Task<V1Pod> UntilAsync(V1Pod pod, Func<V1Pod, bool> condition)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            var now = await User.GetAsync<V1Pod>(new ObjectKey("default", pod.Metadata.Name), None);
            if (condition(now))
            {
                return now;
            }
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Patience, KubernetesJson.Serialize(now.Status));
            await Task.Delay(10);
        }
    }

    /// <summary>What the first attempt of a container wrote to its log.</summary>
    internal string OutputOf(V1Pod pod)
    {
        var path = _files.LogPath("default", pod.Metadata.Name, pod.Metadata.Uid, "main", 0);
        // Each line is TIME STREAM TAG TEXT; the tag P means that the line goes on.
        var lines = File.Exists(path) ? File.ReadAllLines(path).Select(l => l.Split(' ', 4)).Where(l => l.Length == 4) : [];
        return string.Concat(lines.Select(l => l[2] == "F" ? l[3] + "\n" : l[3])).TrimEnd('\n');
    }

    /// <summary>Runs a command in the only container of a pod that runs.</summary>
    internal async Task<string> ExecAsync(V1Pod pod, params string[] command)
    {
        var id = pod.Status.ContainerStatuses[0].ContainerID;
        return await _bed!.ExecAsync(id[(id.IndexOf("://", StringComparison.Ordinal) + 3)..], command);
    }

    internal Task CreateConfigMapAsync(string name, params (string Key, string Value)[] data) =>
        User.CreateAsync(
                new V1ConfigMap
                {
                    Metadata = new() { Name = name, NamespaceProperty = "default" },
                    Data = data.ToDictionary(d => d.Key, d => d.Value),
                },
                None
            )
            .AsTask();

    internal Task CreateSecretAsync(string name, string ns, params (string Key, string Value)[] data) =>
        User.CreateAsync(
                new V1Secret
                {
                    Metadata = new() { Name = name, NamespaceProperty = ns },
                    Data = data.ToDictionary(d => d.Key, d => Encoding.UTF8.GetBytes(d.Value)),
                },
                None
            )
            .AsTask();

    private async Task CreateSourcesAsync()
    {
        (string, string)[] data = [("data-1", "value-1"), ("data-2", "value-2"), ("data-3", "value-3")];
        await CreateConfigMapAsync("data", data);
        await CreateSecretAsync("data", "default", data);
        await CreateConfigMapAsync("digits", ("1-data", "value-1"));
        await CreateSecretAsync("digits", "default", ("1-data", "value-1"));
        await User.CreateAsync(
            new V1ConfigMap
            {
                Metadata = new() { Name = "binary", NamespaceProperty = "default" },
                Data = new Dictionary<string, string> { ["text"] = "value" },
                BinaryData = new Dictionary<string, byte[]> { ["dump"] = Binary },
            },
            None
        );
        await User.CreateAsync(
            new V1Service
            {
                Metadata = new() { Name = "fooservice", NamespaceProperty = "default" },
                Spec = new()
                {
                    ClusterIP = "10.96.0.77",
                    Selector = new Dictionary<string, string> { ["name"] = "foo" },
                    Ports = [new() { Port = 8765, TargetPort = 8080 }],
                },
            },
            None
        );
    }

    // An image with a command and arguments of its own.
    private static TestImage Speaker() =>
        new TestImage { Entrypoint = ["/bin/busybox", "echo", "entry"], Cmd = ["of", "image"] }.Layer(
            TestImage.Folder("bin"),
            TestImage.Folder("etc"),
            TestImage.Folder("proc"),
            TestImage.Folder("sys"),
            TestImage.Folder("dev"),
            new System.Formats.Tar.PaxTarEntry(System.Formats.Tar.TarEntryType.RegularFile, "bin/busybox")
            {
                DataStream = new MemoryStream(File.ReadAllBytes(TestNode.Find("busybox")!)),
                Mode = (UnixFileMode)0b111_101_101,
            }
        );

    private sealed class NoNodes : INodeConnector
    {
        public ValueTask<ApiResponse> SendAsync(
            NodeEndpoint endpoint,
            string path,
            IReadOnlyList<KeyValuePair<string, string>> query,
            CancellationToken cancellationToken
        ) => throw new IOException("no agents here");
    }
}
