using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Preemption;
using Petrel.Scheduler.Settings;

namespace Petrel.Scheduler.Composition;

/// <summary>What plugins are made from. Each takes what it needs.</summary>
internal sealed record PluginContext(ProfileSettings Settings, ClusterState Cluster, IClusterObjects Objects)
{
    /// <summary>Null where there is no API: in tests and benchmarks of the cycle alone.</summary>
    public ApiClient? Client { get; init; }

    public TimeProvider? Time { get; init; }

    public IWaitingPods? Waiting { get; init; }

    public IEntropy? Entropy { get; init; }

    /// <summary>Null where there is no API.</summary>
    public Preemptor? Preemptor { get; init; }

    /// <summary>Queues a call for the scheduling loop. May be called on any thread.</summary>
    public Action<Action> RunInLoop { get; init; } = static _ => { };

    /// <summary>Makes an unschedulable pod ready again, after its back-off. Call it in the scheduling loop only.</summary>
    public Action<ObjectKey> Requeue { get; init; } = static _ => { };
}
