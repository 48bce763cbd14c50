using Petrel.Agent.Runtimes;

namespace Petrel.Simulation.Tests.Mutations;

/// <summary>A runtime that says it has stopped and removed what goes on running: no container of it ever ends by being told to.</summary>
internal sealed class DeafRuntime(IContainerRuntime inner) : IContainerRuntime
{
    // What it claims to have stopped.
    private readonly HashSet<string> _hidden = new(StringComparer.Ordinal);

    public RuntimeInfo Info => inner.Info;

    public Action<string>? PodChanged
    {
        get => inner.PodChanged;
        set => inner.PodChanged = value;
    }

    public ValueTask StartAsync(CancellationToken cancellationToken) => inner.StartAsync(cancellationToken);

    public ValueTask<SandboxStatus> RunSandboxAsync(SandboxSpec spec, CancellationToken cancellationToken) =>
        inner.RunSandboxAsync(spec, cancellationToken);

    public ValueTask StopSandboxAsync(string sandboxId, CancellationToken cancellationToken)
    {
        _hidden.Add(sandboxId);
        return default;
    }

    public ValueTask RemoveSandboxAsync(string sandboxId, CancellationToken cancellationToken) =>
        StopSandboxAsync(sandboxId, cancellationToken);

    public async ValueTask<IReadOnlyList<SandboxStatus>> ListSandboxesAsync(CancellationToken cancellationToken) =>
        [.. Shown(await inner.ListSandboxesAsync(cancellationToken))];

    public async ValueTask<PodRuntimeStatus> GetPodStatusAsync(string podUid, CancellationToken cancellationToken)
    {
        var (sandboxes, containers) = await inner.GetPodStatusAsync(podUid, cancellationToken);
        return new([.. Shown(sandboxes)], [.. Shown(containers)]);
    }

    public ValueTask<string> CreateContainerAsync(string sandboxId, ContainerSpec spec, CancellationToken cancellationToken) =>
        inner.CreateContainerAsync(sandboxId, spec, cancellationToken);

    public ValueTask StartContainerAsync(string containerId, CancellationToken cancellationToken) =>
        inner.StartContainerAsync(containerId, cancellationToken);

    public ValueTask StopContainerAsync(string containerId, TimeSpan grace, CancellationToken cancellationToken)
    {
        _hidden.Add(containerId);
        return default;
    }

    public ValueTask RemoveContainerAsync(string containerId, CancellationToken cancellationToken) =>
        StopContainerAsync(containerId, TimeSpan.Zero, cancellationToken);

    public async ValueTask<IReadOnlyList<ContainerStatus>> ListContainersAsync(CancellationToken cancellationToken) =>
        [.. Shown(await inner.ListContainersAsync(cancellationToken))];

    public ValueTask<IReadOnlyList<ContainerUsage>> ReadUsageAsync(CancellationToken cancellationToken) =>
        inner.ReadUsageAsync(cancellationToken);

    public ValueTask<ExecResult> ExecAsync(
        string containerId,
        IReadOnlyList<string> command,
        TimeSpan timeout,
        CancellationToken cancellationToken
    ) => inner.ExecAsync(containerId, command, timeout, cancellationToken);

    public ValueTask<ImageStatus?> FindImageAsync(string reference, CancellationToken cancellationToken) =>
        inner.FindImageAsync(reference, cancellationToken);

    public ValueTask<ImageStatus> PullImageAsync(string reference, CancellationToken cancellationToken) =>
        inner.PullImageAsync(reference, cancellationToken);

    public ValueTask MountImageAsync(string reference, string directory, CancellationToken cancellationToken) =>
        inner.MountImageAsync(reference, directory, cancellationToken);

    public ValueTask<IReadOnlyList<ImageStatus>> ListImagesAsync(CancellationToken cancellationToken) =>
        inner.ListImagesAsync(cancellationToken);

    private IEnumerable<SandboxStatus> Shown(IReadOnlyList<SandboxStatus> sandboxes) => sandboxes.Where(s => !_hidden.Contains(s.Id));

    private IEnumerable<ContainerStatus> Shown(IReadOnlyList<ContainerStatus> containers) =>
        containers
            .Where(c => !_hidden.Contains(c.SandboxId))
            .Select(c => _hidden.Contains(c.Id) ? c with { State = ContainerState.Exited, ExitCode = 143 } : c);
}
