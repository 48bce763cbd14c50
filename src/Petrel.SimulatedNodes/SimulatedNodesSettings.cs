using k8s.Models;

namespace Petrel.SimulatedNodes;

/// <summary>The settings of the simulated nodes and pods.</summary>
public sealed record SimulatedNodesSettings
{
    /// <summary>The number of nodes. Their names are <see cref="Prefix"/> and a number from 1.</summary>
    public required int Count { get; init; }

    /// <summary>The prefix of the nodes' names. Simulators of the same cluster need different prefixes.</summary>
    public string Prefix { get; init; } = "sim-";

    /// <summary>CPU of each node in thousandths of a core.</summary>
    public long MilliCpu { get; init; } = 32_000;

    /// <summary>Memory of each node in bytes.</summary>
    public long Memory { get; init; } = 256L << 30;

    /// <summary>The maximum number of pods on each node (upstream: 110).</summary>
    public int MaxPods { get; init; } = 110;

    /// <summary>Labels of each node, in addition to those that every node has.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Labels { get; init; } = [];

    /// <summary>Taints of each node.</summary>
    public IReadOnlyList<V1Taint> Taints { get; init; } = [];

    /// <summary>The number of zones. Nodes are assigned to zones round-robin. With 0, nodes have no zone.</summary>
    public int Zones { get; init; }

    /// <summary>The time from the binding of a pod to its node until its containers run and are ready.</summary>
    public DurationRange StartDelay { get; init; } = DurationRange.Seconds(1, 3);

    /// <summary>The time from the deletion of a pod until its containers have terminated; at most its grace period.</summary>
    public DurationRange StopDelay { get; init; } = DurationRange.Seconds(0.1, 1);

    /// <summary>How long the containers of pods run that are expected to complete (restartPolicy Never or OnFailure).</summary>
    public DurationRange RunTime { get; init; } = DurationRange.Seconds(5, 30);

    /// <summary>The chance that a container fails: in each minute if it runs for ever, else once at the end of its run.</summary>
    public double PodFailureRate { get; init; }

    /// <summary>The chance in each minute that a node fails and reports nothing.</summary>
    public double NodeFailureRate { get; init; }

    /// <summary>How long a failed node stays silent.</summary>
    public DurationRange NodeDownTime { get; init; } = DurationRange.Seconds(60, 180);

    /// <summary>
    /// The seed of all random draws. The same seed gives nodes the same failures, and pods of the same names the same lifecycles.
    /// </summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>How long a lease is valid (upstream: 40 s).</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>How often leases are renewed (upstream: 10 s).</summary>
    public TimeSpan LeaseRenewInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often a node reports its status even when it has not changed (upstream: 5 min).</summary>
    public TimeSpan NodeStatusInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>The first and the longest back-off before a container restarts (upstream: 10 s doubling to 5 min).</summary>
    public TimeSpan BackOffBase { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan BackOffLimit { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>The number of concurrent writes of nodes, and separately of pods.</summary>
    public int Workers { get; init; } = 32;
}
