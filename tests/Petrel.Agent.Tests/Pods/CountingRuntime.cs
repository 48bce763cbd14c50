using Petrel.Agent.Runtimes;

namespace Petrel.Agent.Tests.Pods;

/// <summary>Counts how often the whole node is listed and how often one pod is read. Everything else passes through.</summary>
internal sealed class CountingRuntime(IContainerRuntime inner, TimeProvider time) : IContainerRuntime
{
    public int NodeListings { get; private set; }

    public int PodReads { get; private set; }

    /// <summary>The containers that were stopped, in order, with the grace that each request gave.</summary>
    public List<(string Container, TimeSpan Grace)> Stops { get; } = [];

    /// <summary>The commands that were run in containers, in order.</summary>
    public List<(string Container, string Command)> Commands { get; } = [];

    /// <summary>What each pull of an image fails with; null when pulls succeed.</summary>
    public RuntimeException? PullProblem { get; set; }

    /// <summary>Whether pulls hang until they are cancelled.</summary>
    public bool PullsHang { get; set; }

    /// <summary>What each look for an image fails with; null when it succeeds.</summary>
    public RuntimeException? FindProblem { get; set; }

    private readonly Dictionary<string, string> _names = [];

    public RuntimeInfo Info => inner.Info;

    public Action<string>? PodChanged
    {
        get => inner.PodChanged;
        set => inner.PodChanged = value;
    }

    public ValueTask StartAsync(CancellationToken cancellationToken) => inner.StartAsync(cancellationToken);

    public ValueTask<SandboxStatus> RunSandboxAsync(SandboxSpec spec, CancellationToken cancellationToken) =>
        inner.RunSandboxAsync(spec, cancellationToken);

    public ValueTask StopSandboxAsync(string sandboxId, CancellationToken cancellationToken) =>
        inner.StopSandboxAsync(sandboxId, cancellationToken);

    public ValueTask RemoveSandboxAsync(string sandboxId, CancellationToken cancellationToken) =>
        inner.RemoveSandboxAsync(sandboxId, cancellationToken);

    public ValueTask<IReadOnlyList<SandboxStatus>> ListSandboxesAsync(CancellationToken cancellationToken)
    {
        NodeListings++;
        return inner.ListSandboxesAsync(cancellationToken);
    }

    public ValueTask<PodRuntimeStatus> GetPodStatusAsync(string podUid, CancellationToken cancellationToken)
    {
        PodReads++;
        return inner.GetPodStatusAsync(podUid, cancellationToken);
    }

    public async ValueTask<string> CreateContainerAsync(string sandboxId, ContainerSpec spec, CancellationToken cancellationToken)
    {
        var id = await inner.CreateContainerAsync(sandboxId, spec, cancellationToken);
        _names[id] = spec.Name;
        return id;
    }

    public ValueTask StartContainerAsync(string containerId, CancellationToken cancellationToken) =>
        inner.StartContainerAsync(containerId, cancellationToken);

    public ValueTask StopContainerAsync(string containerId, TimeSpan grace, CancellationToken cancellationToken)
    {
        Stops.Add((_names[containerId], grace));
        return inner.StopContainerAsync(containerId, grace, cancellationToken);
    }

    public ValueTask RemoveContainerAsync(string containerId, CancellationToken cancellationToken) =>
        inner.RemoveContainerAsync(containerId, cancellationToken);

    public ValueTask<IReadOnlyList<ContainerStatus>> ListContainersAsync(CancellationToken cancellationToken)
    {
        NodeListings++;
        return inner.ListContainersAsync(cancellationToken);
    }

    public ValueTask<IReadOnlyList<ContainerUsage>> ReadUsageAsync(CancellationToken cancellationToken) =>
        inner.ReadUsageAsync(cancellationToken);

    public ValueTask<ExecResult> ExecAsync(
        string containerId,
        IReadOnlyList<string> command,
        TimeSpan timeout,
        CancellationToken cancellationToken
    )
    {
        Commands.Add((_names[containerId], string.Join(' ', command)));
        return inner.ExecAsync(containerId, command, timeout, cancellationToken);
    }

    public ValueTask<ImageStatus?> FindImageAsync(string reference, CancellationToken cancellationToken) =>
        FindProblem is { } problem ? throw problem : inner.FindImageAsync(reference, cancellationToken);

    public async ValueTask<ImageStatus> PullImageAsync(string reference, CancellationToken cancellationToken)
    {
        if (PullsHang)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken);
        }
        return PullProblem is { } problem ? throw problem : await inner.PullImageAsync(reference, cancellationToken);
    }

    public ValueTask MountImageAsync(string reference, string directory, CancellationToken cancellationToken) =>
        inner.MountImageAsync(reference, directory, cancellationToken);

    public ValueTask<IReadOnlyList<ImageStatus>> ListImagesAsync(CancellationToken cancellationToken) =>
        inner.ListImagesAsync(cancellationToken);
}
