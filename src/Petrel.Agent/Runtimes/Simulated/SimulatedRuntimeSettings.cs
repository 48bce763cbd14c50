using System.Net;

namespace Petrel.Agent.Runtimes.Simulated;

/// <summary>The settings of a simulated node.</summary>
public sealed record SimulatedRuntimeSettings
{
    /// <summary>The range of pod addresses. The first address belongs to the node.</summary>
    public required IPNetwork Addresses { get; init; }

    /// <summary>The time to create a sandbox.</summary>
    public Latency SandboxLatency { get; init; } = Latency.Milliseconds(20, 60);

    /// <summary>The time to start a container.</summary>
    public Latency StartLatency { get; init; } = Latency.Milliseconds(50, 300);

    /// <summary>The time to pull an image that is not present.</summary>
    public Latency PullLatency { get; init; } = Latency.Milliseconds(500, 4000);

    /// <summary>Images that are present from the start.</summary>
    public IReadOnlyList<string> Images { get; init; } = [];

    /// <summary>
    /// Returns the behaviour of a container's program. It is called at the start, at SIGTERM, at each exec and at each usage reading, so
    /// the result may change over time.
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
