using System.Net;
using Petrel.Model.Determinism;
using Petrel.Network.Pods;

namespace Petrel.Agent.Runtimes.Simulated;

/// <summary>
/// Simulates pods in memory, deterministically. Sandboxes and containers are records. A <see cref="ContainerBehaviour"/> defines how a
/// container's program behaves. This object represents the node's machine: it outlives agents. A new agent takes it over by setting <see
/// cref="PodChanged"/> and calling <see cref="StartAsync"/> again. Programs run on the machine's clock. Each call is atomic: if an agent
/// dies during a call, the call has taken effect either completely or not at all.
/// </summary>
/// <param name="time">The machine's clock.</param>
/// <param name="entropy">The source of randomness for ids and latencies.</param>
/// <param name="settings">The settings of the simulated node.</param>
public sealed partial class SimulatedRuntime(TimeProvider time, IEntropy entropy, SimulatedRuntimeSettings settings) : IContainerRuntime
{
    private readonly Lock _lock = new();
    private readonly AddressPool _addresses = new(settings.Addresses);
    private readonly SimulatedImages _images = ImagesOf(settings);

    private readonly PodTable<SandboxStatus> _sandboxes = new(s => s.Id, s => s.PodUid);
    private readonly PodTable<Container> _containers = new(c => c.Status.Id, c => c.Status.PodUid);

    /// <inheritdoc/>
    public RuntimeInfo Info { get; } = new("simulated", "1", Isolated: true);

    /// <inheritdoc/>
    public Action<string>? PodChanged { get; set; }

    /// <inheritdoc/>
    public ValueTask StartAsync(CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public async ValueTask<SandboxStatus> RunSandboxAsync(SandboxSpec spec, CancellationToken cancellationToken)
    {
        if (Running() is { } before)
        {
            return before;
        }
        await DelayAsync(settings.SandboxLatency, cancellationToken);
        lock (_lock)
        {
            if (Running() is { } other)
            {
                return other;
            }
            IReadOnlyList<string> addresses = spec.HostNetwork ? [] : [TakeAddress()];
            var sandbox = new SandboxStatus
            {
                Id = NewId(),
                PodNamespace = spec.PodNamespace,
                PodName = spec.PodName,
                PodUid = spec.PodUid,
                Attempt = spec.Attempt,
                State = SandboxState.Ready,
                CreatedAt = time.GetUtcNow(),
                Addresses = addresses,
            };
            _sandboxes.Add(sandbox);
            return sandbox;
        }

        SandboxStatus? Running()
        {
            lock (_lock)
            {
                return _sandboxes.OfPod(spec.PodUid).FirstOrDefault(s => s.State == SandboxState.Ready && s.Attempt == spec.Attempt);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask StopSandboxAsync(string sandboxId, CancellationToken cancellationToken)
    {
        List<Container> killed;
        lock (_lock)
        {
            var sandbox = _sandboxes.Find(sandboxId);
            if (sandbox is null || sandbox.State == SandboxState.NotReady)
            {
                return default;
            }
            _sandboxes.Replace(sandbox with { State = SandboxState.NotReady });
            foreach (var address in sandbox.Addresses)
            {
                _addresses.Release(IPAddress.Parse(address));
            }
            killed = [.. ContainersOf(sandbox).Where(c => SetExited(c, KilledExitCode))];
        }
        killed.ForEach(ReportExit);
        return default;
    }

    /// <inheritdoc/>
    public async ValueTask RemoveSandboxAsync(string sandboxId, CancellationToken cancellationToken)
    {
        await StopSandboxAsync(sandboxId, cancellationToken);
        lock (_lock)
        {
            if (_sandboxes.Find(sandboxId) is { } sandbox)
            {
                ContainersOf(sandbox).ForEach(c => _containers.Remove(c.Status.Id));
                _sandboxes.Remove(sandboxId);
            }
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SandboxStatus>> ListSandboxesAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return new([.. _sandboxes.Values]);
        }
    }

    /// <inheritdoc/>
    public ValueTask<PodRuntimeStatus> GetPodStatusAsync(string podUid, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return new(new PodRuntimeStatus([.. _sandboxes.OfPod(podUid)], [.. _containers.OfPod(podUid).Select(c => c.Status)]));
        }
    }

    /// <inheritdoc/>
    public ValueTask<ImageStatus?> FindImageAsync(string reference, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return new(_images.Find(reference));
        }
    }

    /// <inheritdoc/>
    public ValueTask MountImageAsync(string reference, string directory, CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    public async ValueTask<ImageStatus> PullImageAsync(string reference, CancellationToken cancellationToken)
    {
        if (await FindImageAsync(reference, cancellationToken) is { } present)
        {
            return present;
        }
        await DelayAsync(settings.PullLatency, cancellationToken);
        lock (_lock)
        {
            return _images.Add(reference);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ImageStatus>> ListImagesAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return new(_images.List());
        }
    }

    private static SimulatedImages ImagesOf(SimulatedRuntimeSettings settings)
    {
        var images = new SimulatedImages();
        foreach (var reference in settings.Images)
        {
            images.Add(reference);
        }
        return images;
    }

    // The caller holds the lock.
    private List<Container> ContainersOf(SandboxStatus sandbox) =>
        [.. _containers.OfPod(sandbox.PodUid).Where(c => c.Status.SandboxId == sandbox.Id)];

    // The caller holds the lock.
    private string TakeAddress() =>
        _addresses.Take()?.ToString() ?? throw new RuntimeException("CreatePodSandboxError", $"no address is free in {settings.Addresses}");

    private Task DelayAsync(Latency latency, CancellationToken cancellationToken)
    {
        TimeSpan duration;
        lock (_lock)
        {
            duration = latency.At(entropy.NextDouble());
        }
        return Task.Delay(duration, time, cancellationToken);
    }

    private string NewId() => RuntimeIds.New(entropy);
}
