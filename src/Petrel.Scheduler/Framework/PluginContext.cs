using Petrel.Client;
using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Framework;

/// <summary>What a plugin is made of, as far as it wants it.</summary>
internal sealed record PluginContext(ProfileSettings Settings, ClusterState Cluster, IClusterObjects Objects)
{
    /// <summary>Null where there is no API: in tests and benchmarks of the cycle alone.</summary>
    public ApiClient? Client { get; init; }

    public TimeProvider? Time { get; init; }

    public IWaitingPods? Waiting { get; init; }
}
