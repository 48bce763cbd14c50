using Microsoft.Extensions.Logging;
using Petrel.Agent.Images;
using Petrel.Agent.Runtimes.Local;
using Petrel.Model.Determinism;

namespace Petrel.Agent.Runtimes.Processes;

/// <summary>
/// Runs pods as plain processes of the agent's user. It does not require root and does not isolate pods: every pod uses the host's network,
/// programs see the host's files, and limits, users and capabilities are not enforced. A container has a private copy of its image's files,
/// with symbolic links to its volumes. The environment variable <c>CONTAINER_SANDBOX_MOUNT_POINT</c> contains the path of the copy. Each
/// container has a <see cref="ProcessShim"/>, so that it can outlive the agent. All state is on disk. Only one instance at a time may use a
/// state directory.
/// </summary>
public sealed partial class ProcessRuntime : IContainerRuntime, IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private readonly ProcessRuntimeSettings _settings;
    private readonly ImageStore _images;
    private readonly TimeProvider _time;
    private readonly IEntropy _entropy;
    private readonly ILogger _logger;
    private readonly RecordFiles<SandboxEntry> _sandboxFiles;
    private readonly RecordFiles<ContainerEntry> _containerFiles;
    private readonly string _exitDirectory;
    private readonly Lock _lock = new();
    private readonly PodTable<SandboxEntry> _sandboxes = new(s => s.Id, s => s.Spec.PodUid);
    private readonly PodTable<Container> _containers = new(c => c.Entry.Id, c => c.Entry.PodUid);
    private FileSystemWatcher? _exits;
    private long _sequence;

    public ProcessRuntime(
        ProcessRuntimeSettings settings,
        ImageStore images,
        TimeProvider time,
        IEntropy entropy,
        ILogger<ProcessRuntime> logger
    )
    {
        _settings = settings;
        _images = images;
        _time = time;
        _entropy = entropy;
        _logger = logger;
        _sandboxFiles = new(Path.Combine(settings.StateDirectory, "sandboxes"), ProcessJson.Default.SandboxEntry);
        _containerFiles = new(Path.Combine(settings.StateDirectory, "containers"), ProcessJson.Default.ContainerEntry);
        _exitDirectory = Path.Combine(settings.StateDirectory, "exits");
    }

    /// <inheritdoc/>
    public RuntimeInfo Info { get; } = new("process", File.ReadAllText("/proc/sys/kernel/osrelease").Trim(), Isolated: false);

    /// <inheritdoc/>
    public Action<string>? PodChanged { get; set; }

    /// <inheritdoc/>
    public ValueTask StartAsync(CancellationToken cancellationToken)
    {
        // Restrict access to the owner, because the environments of containers contain secrets.
        Directory.CreateDirectory(_settings.StateDirectory, OwnerOnly);
        Directory.CreateDirectory(_exitDirectory);
        _exits = WatchExits();
        var (sandboxes, brokenSandboxes) = _sandboxFiles.Load();
        var (containers, brokenContainers) = _containerFiles.Load();
        lock (_lock)
        {
            foreach (var entry in sandboxes.OrderBy(e => e.Sequence))
            {
                _sandboxes.Add(entry);
                _sequence = Math.Max(_sequence, entry.Sequence);
            }
            foreach (var entry in containers.OrderBy(e => e.Sequence))
            {
                _containers.Add(new Container(entry, FilesOf(entry.Id)));
                _sequence = Math.Max(_sequence, entry.Sequence);
            }
        }
        FindExits();
        brokenContainers.ForEach(RemoveContainerFiles);
        brokenSandboxes.ForEach(RemoveSandboxFiles);
        LogStarted(_logger, sandboxes.Count, containers.Count);
        return default;
    }

    /// <inheritdoc/>
    public ValueTask<SandboxStatus> RunSandboxAsync(SandboxSpec spec, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var running = _sandboxes.OfPod(spec.PodUid).FirstOrDefault(s => IsReady(s) && s.Spec.Attempt == spec.Attempt);
            if (running is null)
            {
                running = new SandboxEntry(NewId(), spec, ++_sequence, _time.GetUtcNow(), ProcessEntry.CurrentBoot);
                _sandboxFiles.Save(running.Id, running);
                _sandboxes.Add(running);
            }
            return new(StatusOf(running));
        }
    }

    /// <inheritdoc/>
    public async ValueTask StopSandboxAsync(string sandboxId, CancellationToken cancellationToken)
    {
        SandboxEntry? sandbox;
        List<Container> containers;
        lock (_lock)
        {
            sandbox = _sandboxes.Find(sandboxId);
            if (sandbox is null || sandbox.Stopped)
            {
                return;
            }
            containers = ContainersOf(sandbox);
        }
        foreach (var container in containers)
        {
            Signal(container, Tool.SigKill);
        }
        foreach (var container in containers)
        {
            await WaitForKilledAsync(container, cancellationToken);
        }
        lock (_lock)
        {
            sandbox = sandbox with { Stopped = true };
            _sandboxes.Replace(sandbox);
            _sandboxFiles.Save(sandboxId, sandbox);
        }
    }

    /// <inheritdoc/>
    public async ValueTask RemoveSandboxAsync(string sandboxId, CancellationToken cancellationToken)
    {
        await StopSandboxAsync(sandboxId, cancellationToken);
        List<Container> containers;
        lock (_lock)
        {
            containers = _sandboxes.Find(sandboxId) is { } sandbox ? ContainersOf(sandbox) : [];
        }
        foreach (var container in containers)
        {
            await RemoveContainerAsync(container.Entry.Id, cancellationToken);
        }
        RemoveSandboxFiles(sandboxId);
        lock (_lock)
        {
            _sandboxes.Remove(sandboxId);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SandboxStatus>> ListSandboxesAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return new([.. _sandboxes.Values.Select(StatusOf)]);
        }
    }

    /// <inheritdoc/>
    public ValueTask<PodRuntimeStatus> GetPodStatusAsync(string podUid, CancellationToken cancellationToken)
    {
        List<Container> containers;
        lock (_lock)
        {
            containers = [.. _containers.OfPod(podUid)];
        }
        containers.ForEach(Examine);
        lock (_lock)
        {
            return new(
                new PodRuntimeStatus(
                    [.. _sandboxes.OfPod(podUid).Select(StatusOf)],
                    [.. _containers.OfPod(podUid).OrderBy(c => c.Entry.Sequence).Select(StatusOf)]
                )
            );
        }
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
        if (!Directory.EnumerateFileSystemEntries(directory).Any())
        {
            // The copy gets its name when it is complete, because the agent may die at any time.
            var copy = directory + ".copy";
            RootFileSystem.Delete(copy);
            RootFileSystem.Build(image.Layers, copy);
            Directory.Delete(directory);
            Directory.Move(copy, directory);
        }
        return default;
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ImageStatus>> ListImagesAsync(CancellationToken cancellationToken) => new(_images.List());

    /// <summary>Stops watching for exits. Containers keep running.</summary>
    public void Dispose() => _exits?.Dispose();

    // A sandbox consists only of its processes, so it does not survive a reboot of the machine.
    private static bool IsReady(SandboxEntry sandbox) => !sandbox.Stopped && sandbox.BootId == ProcessEntry.CurrentBoot;

    private SandboxStatus StatusOf(SandboxEntry sandbox) =>
        new()
        {
            Id = sandbox.Id,
            PodNamespace = sandbox.Spec.PodNamespace,
            PodName = sandbox.Spec.PodName,
            PodUid = sandbox.Spec.PodUid,
            Attempt = sandbox.Spec.Attempt,
            State = IsReady(sandbox) ? SandboxState.Ready : SandboxState.NotReady,
            CreatedAt = sandbox.CreatedAt,
            Addresses = [_settings.NodeAddress],
        };

    // The caller holds the lock.
    private List<Container> ContainersOf(SandboxEntry sandbox) =>
        [.. _containers.OfPod(sandbox.Spec.PodUid).Where(c => c.Entry.SandboxId == sandbox.Id)];

    private void RemoveSandboxFiles(string id) => RootFileSystem.Delete(_sandboxFiles.DirectoryOf(id));

    private ContainerFiles FilesOf(string containerId) => new(_containerFiles.DirectoryOf(containerId));

    private string ExitFile(string containerId) => Path.Combine(_exitDirectory, containerId);

    private string NewId() => RuntimeIds.New(_entropy);

    [LoggerMessage(5210, LogLevel.Information, "Process runtime: {Sandboxes} sandboxes and {Containers} containers found")]
    private static partial void LogStarted(ILogger logger, int sandboxes, int containers);

    [LoggerMessage(5211, LogLevel.Warning, "Container {Container} is gone without an exit code")]
    private static partial void LogLost(ILogger logger, string container);

    [LoggerMessage(
        5212,
        LogLevel.Warning,
        "Container {Container}: the volume at {Path} lies inside another one and can't be shown without isolation"
    )]
    private static partial void LogHiddenVolume(ILogger logger, string container, string path);
}
