using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Preemption;

namespace Petrel.Scheduler.Framework;

/// <summary>What a plugin is made of, as far as it wants it.</summary>
internal sealed record PluginContext(ProfileSettings Settings, ClusterState Cluster, IClusterObjects Objects)
{
    /// <summary>Null where there is no API: in tests and benchmarks of the cycle alone.</summary>
    public ApiClient? Client { get; init; }

    public TimeProvider? Time { get; init; }

    public IWaitingPods? Waiting { get; init; }

    public IEntropy? Entropy { get; init; }

    /// <summary>Null where there is no API.</summary>
    public Preemptor? Preemptor { get; init; }

    /// <summary>Has something done in the scheduling loop; may be called from anywhere.</summary>
    public Action<Action> InLoop { get; init; } = static _ => { };

    /// <summary>Gives a waiting pod another try. Only in the scheduling loop.</summary>
    public Action<ObjectKey> Retry { get; init; } = static _ => { };
}
