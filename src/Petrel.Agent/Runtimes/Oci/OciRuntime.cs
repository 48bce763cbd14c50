using Microsoft.Extensions.Logging;
using Petrel.Agent.Images;
using Petrel.Agent.Runtimes.Local;
using Petrel.Model.Determinism;
using Petrel.Network.Pods;

namespace Petrel.Agent.Runtimes.Oci;

/// <summary>
/// Runs pods as OCI containers: crun or runc under conmon, with overlayfs on top of the layers in an <see cref="ImageStore"/>, and cgroups
/// v1 or v2. A sandbox has no process: files pin its network, IPC and UTS namespaces. Requires root. All state is on disk and in the
/// kernel. Only one instance at a time may use a state directory. After a power cut, recorded containers are reported as exited (137).
/// </summary>
public sealed partial class OciRuntime : IContainerRuntime, IDisposable
{
    private const int KilledExitCode = 137;

    private readonly OciRuntimeSettings _settings;
    private readonly ImageStore _images;
    private readonly IPodNetwork _network;
    private readonly TimeProvider _time;
    private readonly IEntropy _entropy;
    private readonly ILogger _logger;
    private readonly Cgroups _cgroups;
    private readonly string _namespaces;
    private readonly RecordFiles<SandboxRecord> _sandboxFiles;
    private readonly RecordFiles<ContainerRecord> _containerFiles;
    private readonly Lock _lock = new();
    private readonly PodTable<Sandbox> _sandboxes = new(s => s.Record.Id, s => s.Record.Spec.PodUid);
    private readonly PodTable<Container> _containers = new(c => c.Record.Id, c => c.Record.PodUid);
    private ContainerMonitor? _monitor;
    private readonly SeccompProfiles _seccomp;
    private FileSystemWatcher? _exits;
    private ulong _capabilities;
    private long _sequence;

    public OciRuntime(
        OciRuntimeSettings settings,
        ImageStore images,
        IPodNetwork network,
        TimeProvider time,
        IEntropy entropy,
        ILogger<OciRuntime> logger
    )
    {
        _settings = settings;
        _images = images;
        _network = network;
        _time = time;
        _entropy = entropy;
        _logger = logger;
        _cgroups = new Cgroups(settings.CgroupParent);
        _seccomp = new SeccompProfiles(settings);
        _namespaces = Path.Combine(settings.StateDirectory, "namespaces");
        _sandboxFiles = new(Path.Combine(settings.StateDirectory, "sandboxes"), OciRuntimeJson.Default.SandboxRecord);
        _containerFiles = new(Path.Combine(settings.StateDirectory, "containers"), OciRuntimeJson.Default.ContainerRecord);
    }

    /// <inheritdoc/>
    public RuntimeInfo Info { get; private set; } = new("oci", "", Isolated: true);

    /// <inheritdoc/>
    public Action<string>? PodChanged { get; set; }

    private ContainerMonitor Monitor => _monitor ?? throw new InvalidOperationException("the runtime is used before StartAsync");

    /// <inheritdoc/>
    public async ValueTask StartAsync(CancellationToken cancellationToken)
    {
        _monitor = ContainerMonitor.Find(_settings, _cgroups);
        _capabilities = Capabilities.Available();
        Directory.CreateDirectory(_namespaces);
        Directory.CreateDirectory(_monitor.StateDirectory);
        Directory.CreateDirectory(_monitor.ExitDirectory);
        Info = Info with { Version = await _monitor.VersionAsync(cancellationToken) };

        // Missing pins mean that the mount namespace is new: the node lost power, and all its containers are dead.
        var pinned = Mounts.Below(_namespaces);
        if (!pinned.Contains(_namespaces))
        {
            Mounts.MakePrivate(_namespaces);
        }
        _exits = WatchExits(_monitor.ExitDirectory);
        var (sandboxes, brokenSandboxes) = _sandboxFiles.Load();
        var (containers, brokenContainers) = _containerFiles.Load();
        lock (_lock)
        {
            foreach (var record in sandboxes.OrderBy(r => r.CreatedAt))
            {
                var live = !record.Stopped && pinned.Contains(Pin(record.Id, "ipc"));
                _sandboxes.Add(new Sandbox(record) { Live = live });
            }
            foreach (var record in containers.OrderBy(r => r.Sequence))
            {
                _containers.Add(new Container(record));
                _sequence = Math.Max(_sequence, record.Sequence);
            }
        }
        try
        {
            await _network.StartAsync([.. sandboxes.Where(s => pinned.Contains(Pin(s.Id, "ipc"))).Select(s => s.Id)], cancellationToken);
        }
        catch (PodNetworkException e)
        {
            throw new RuntimeException("NetworkNotReady", e.Message, e);
        }
        _cgroups.RemoveOthers([.. sandboxes.Select(s => s.Id)]);
        FindExits();
        foreach (var record in containers.Where(c => c.State == ContainerState.Created && c.Pid > 0))
        {
            await AdoptAsync(record.Id, cancellationToken);
        }
        foreach (var id in brokenContainers)
        {
            await RemoveContainerFilesAsync(id, cancellationToken);
        }
        foreach (var id in brokenSandboxes)
        {
            await RemoveSandboxFilesAsync(id, cancellationToken);
        }
        LogStarted(
            _logger,
            Info.Version,
            _cgroups.IsUnified ? "v2"
                : _cgroups.IsHybrid ? "v1 (hybrid)"
                : "v1",
            sandboxes.Count,
            containers.Count
        );
    }

    /// <inheritdoc/>
    public ValueTask<ImageStatus?> FindImageAsync(string reference, CancellationToken cancellationToken) => new(_images.Find(reference));

    /// <inheritdoc/>
    public ValueTask<ImageStatus> PullImageAsync(string reference, CancellationToken cancellationToken) =>
        _images.PullAsync(reference, cancellationToken);

    /// <inheritdoc/>
    public ValueTask MountImageAsync(string reference, string directory, CancellationToken cancellationToken)
    {
        var image = _images.Load(reference)
            ?? throw new RuntimeException("CreateContainerError", $"image \"{reference}\" is not present on the node");
        if (!Mounts.Below(directory).Contains(directory))
        {
            Mounts.Image(image.Layers, directory);
        }
        return default;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ImageStatus>> ListImagesAsync(CancellationToken cancellationToken) => new(_images.List());

    /// <summary>Stops watching for exits. Containers keep running.</summary>
    public void Dispose()
    {
        _exits?.Dispose();
        bool empty;
        lock (_lock)
        {
            empty = _sandboxes.Count == 0;
        }
        if (empty && _monitor is not null)
        {
            _cgroups.RemoveParent();
            Mounts.Remove(_namespaces);
        }
    }

    private string NewId() => RuntimeIds.New(_entropy);

    private string Pin(string sandboxId, string kind) => Path.Combine(_namespaces, $"{sandboxId}-{kind}");

    /// <summary>The in-memory state of a sandbox. Its members change only under the runtime's lock.</summary>
    private sealed class Sandbox(SandboxRecord record)
    {
        public SandboxRecord Record { get; set; } = record;

        /// <summary>Whether the sandbox's namespaces exist.</summary>
        public bool Live { get; set; }
    }

    /// <summary>The in-memory state of a container. Its members change only under the runtime's lock.</summary>
    private sealed class Container(ContainerRecord record)
    {
        public ContainerRecord Record { get; set; } = record;

        public TaskCompletionSource Exited { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    [LoggerMessage(
        5200,
        LogLevel.Information,
        "Runtime {Version} with cgroups {Cgroups}: {Sandboxes} sandboxes and {Containers} containers found"
    )]
    private static partial void LogStarted(ILogger logger, string version, string cgroups, int sandboxes, int containers);

    [LoggerMessage(5201, LogLevel.Warning, "Cleaning up after sandbox {Sandbox}, which failed to start, failed too")]
    private static partial void LogCleanupFailed(ILogger logger, Exception exception, string sandbox);

    [LoggerMessage(5202, LogLevel.Warning, "Container {Container} is gone without an exit code")]
    private static partial void LogLost(ILogger logger, string container);
}
