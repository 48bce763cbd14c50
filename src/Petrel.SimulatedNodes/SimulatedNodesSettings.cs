using k8s.Models;

namespace Petrel.SimulatedNodes;

/// <summary>What the simulated nodes are made of, and how it behaves.</summary>
public sealed record SimulatedNodesSettings
{
    /// <summary>How many nodes; they are called <see cref="Prefix"/> with a number from 1.</summary>
    public required int Count { get; init; }

    /// <summary>What the nodes' names begin with. Simulators of one cluster need different ones.</summary>
    public string Prefix { get; init; } = "sim-";

    /// <summary>CPU of each node in thousandths of a core.</summary>
    public long MilliCpu { get; init; } = 32_000;

    /// <summary>Memory of each node in bytes.</summary>
    public long Memory { get; init; } = 256L << 30;

    /// <summary>How many pods each node takes (upstream: 110).</summary>
    public int MaxPods { get; init; } = 110;

    /// <summary>Labels of each node, beside those that every node has.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Labels { get; init; } = [];

    /// <summary>Taints of each node.</summary>
    public IReadOnlyList<V1Taint> Taints { get; init; } = [];

    /// <summary>Over how many zones the nodes are spread in turn; with 0 they have no zone.</summary>
    public int Zones { get; init; }

    /// <summary>From when a pod reaches its node until its containers run and are ready.</summary>
    public DurationRange StartDelay { get; init; } = DurationRange.Seconds(1, 3);

    /// <summary>From when a pod is told to end until its containers have; never longer than its grace.</summary>
    public DurationRange StopDelay { get; init; } = DurationRange.Seconds(0.1, 1);

    /// <summary>How long the containers of pods run that are not to run for ever (restartPolicy Never or OnFailure).</summary>
    public DurationRange RunTime { get; init; } = DurationRange.Seconds(5, 30);

    /// <summary>The chance that a container fails: within each minute when it is to run for ever, else at the end of its run.</summary>
    public double PodFailureRate { get; init; }

    /// <summary>The chance that a node falls silent within each minute.</summary>
    public double NodeFailureRate { get; init; }

    /// <summary>How long a node that fell silent stays so.</summary>
    public DurationRange NodeDownTime { get; init; } = DurationRange.Seconds(60, 180);

    /// <summary>
    /// What all is drawn from: the same seed gives the same nodes the same failures, and pods of the same names the same lives.
    /// </summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>How long a lease is good for (upstream: 40 s).</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>How often leases are renewed (upstream: 10 s).</summary>
    public TimeSpan LeaseRenewInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often an unchanged node status is sent all the same (upstream: 5 min).</summary>
    public TimeSpan NodeStatusInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>First and longest delay before a container that ended is started again (upstream: 10 s doubling to 5 min).</summary>
    public TimeSpan BackOffBase { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan BackOffLimit { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>How many writes of nodes, and as many of pods, are on their way at a time.</summary>
    public int Workers { get; init; } = 32;
}
