using System.Net;

namespace Petrel.Agent.Runtimes.Simulated;

/// <summary>How a simulated node behaves.</summary>
public sealed record SimulatedRuntimeSettings
{
    /// <summary>The range of pod addresses; the first one is the node's own.</summary>
    public required IPNetwork Addresses { get; init; }

    /// <summary>How long it takes to make a sandbox.</summary>
    public Latency SandboxLatency { get; init; } = Latency.Milliseconds(20, 60);

    /// <summary>How long it takes to start a container.</summary>
    public Latency StartLatency { get; init; } = Latency.Milliseconds(50, 300);

    /// <summary>How long it takes to pull an image that is absent.</summary>
    public Latency PullLatency { get; init; } = Latency.Milliseconds(500, 4000);

    /// <summary>Images that are present from the start.</summary>
    public IReadOnlyList<string> Images { get; init; } = [];

    /// <summary>
    /// What a container's program does. Asked at its start, at SIGTERM and at each exec: the answer may change with time.
    /// </summary>
    public Func<ContainerSpec, ContainerBehaviour> Behaviour { get; init; } = static _ => new ContainerBehaviour();
}

/// <summary>A duration that is drawn uniformly from a range.</summary>
public readonly record struct Latency(TimeSpan Least, TimeSpan Most)
{
    public static Latency None => default;

    public static Latency Milliseconds(double least, double most) => new(TimeSpan.FromMilliseconds(least), TimeSpan.FromMilliseconds(most));

    /// <summary>The duration at <paramref name="point"/> of the range, from 0 to 1.</summary>
    public TimeSpan At(double point) => Least + ((Most - Least) * point);
}
