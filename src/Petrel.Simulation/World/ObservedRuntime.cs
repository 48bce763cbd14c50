using Petrel.Agent.Runtimes;

namespace Petrel.Simulation.World;

/// <summary>
/// Reports each container that starts and each pod whose sandbox is gone, and applies the machine's faults. Everything else passes
/// through.
/// </summary>
/// <param name="inner">The node's runtime.</param>
/// <param name="faults">What is wrong.</param>
/// <param name="time">The machine's clock.</param>
/// <param name="started">Gets the pod's uid.</param>
/// <param name="stopped">Gets the pod's uid.</param>
public sealed class ObservedRuntime(
    IContainerRuntime inner,
    MachineFaults faults,
    TimeProvider time,
    Action<string> started,
    Action<string> stopped
) : IContainerRuntime
{
    /// <inheritdoc/>
    public RuntimeInfo Info => inner.Info;

    /// <inheritdoc/>
    public Action<string>? PodChanged
    {
        get => inner.PodChanged;
        set => inner.PodChanged = value;
    }

    /// <inheritdoc/>
    public ValueTask StartAsync(CancellationToken cancellationToken) => inner.StartAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask<SandboxStatus> RunSandboxAsync(SandboxSpec spec, CancellationToken cancellationToken) =>
        inner.RunSandboxAsync(spec, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask StopSandboxAsync(string sandboxId, CancellationToken cancellationToken)
    {
        var uid = await PodOfAsync(sandboxId, cancellationToken);
        await inner.StopSandboxAsync(sandboxId, cancellationToken);
        Gone(uid);
    }

    /// <inheritdoc/>
    public async ValueTask RemoveSandboxAsync(string sandboxId, CancellationToken cancellationToken)
    {
        var uid = await PodOfAsync(sandboxId, cancellationToken);
        await inner.RemoveSandboxAsync(sandboxId, cancellationToken);
        Gone(uid);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SandboxStatus>> ListSandboxesAsync(CancellationToken cancellationToken) =>
        inner.ListSandboxesAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask<PodRuntimeStatus> GetPodStatusAsync(string podUid, CancellationToken cancellationToken) =>
        inner.GetPodStatusAsync(podUid, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<string> CreateContainerAsync(string sandboxId, ContainerSpec spec, CancellationToken cancellationToken) =>
        inner.CreateContainerAsync(sandboxId, spec, cancellationToken);

    /// <inheritdoc/>
    public async ValueTask StartContainerAsync(string containerId, CancellationToken cancellationToken)
    {
        if (faults.StartDelay is { Ticks: > 0 } delay)
        {
            await Task.Delay(delay, time, cancellationToken);
        }
        await inner.StartContainerAsync(containerId, cancellationToken);
        var container = (await inner.ListContainersAsync(cancellationToken)).FirstOrDefault(c => c.Id == containerId);
        if (container is not null)
        {
            started(container.PodUid);
        }
    }

    /// <inheritdoc/>
    public ValueTask StopContainerAsync(string containerId, TimeSpan grace, CancellationToken cancellationToken) =>
        inner.StopContainerAsync(containerId, grace, cancellationToken);

    /// <inheritdoc/>
    public ValueTask RemoveContainerAsync(string containerId, CancellationToken cancellationToken) =>
        inner.RemoveContainerAsync(containerId, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ContainerStatus>> ListContainersAsync(CancellationToken cancellationToken) =>
        inner.ListContainersAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ContainerUsage>> ReadUsageAsync(CancellationToken cancellationToken) =>
        inner.ReadUsageAsync(cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ExecResult> ExecAsync(
        string containerId,
        IReadOnlyList<string> command,
        TimeSpan timeout,
        CancellationToken cancellationToken
    ) => inner.ExecAsync(containerId, command, timeout, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImageStatus?> FindImageAsync(string reference, CancellationToken cancellationToken) =>
        inner.FindImageAsync(reference, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<ImageStatus> PullImageAsync(string reference, CancellationToken cancellationToken) =>
        faults.PullsFail
            ? throw new RuntimeException("ErrImagePull", $"failed to pull image \"{reference}\": the registry can't be reached")
            : inner.PullImageAsync(reference, cancellationToken);

    /// <inheritdoc/>
    public ValueTask MountImageAsync(string reference, string directory, CancellationToken cancellationToken) =>
        inner.MountImageAsync(reference, directory, cancellationToken);

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ImageStatus>> ListImagesAsync(CancellationToken cancellationToken) =>
        inner.ListImagesAsync(cancellationToken);

    private async ValueTask<string?> PodOfAsync(string sandboxId, CancellationToken cancellationToken) =>
        (await inner.ListSandboxesAsync(cancellationToken)).FirstOrDefault(s => s.Id == sandboxId)?.PodUid;

    private void Gone(string? uid)
    {
        if (uid is not null)
        {
            stopped(uid);
        }
    }
}
