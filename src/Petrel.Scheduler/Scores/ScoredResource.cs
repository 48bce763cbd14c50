using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Workloads;

namespace Petrel.Scheduler.Scores;

/// <summary>A resource that counts in a score, its column, and what the pod adds to it.</summary>
internal readonly record struct ScoredResource(ResourceColumn Column, long Added, int Weight)
{
    /// <summary>
    /// The resources for a pod. Extended resources that it doesn't ask for don't count. <paramref name="withDefaults"/>: of CPU and memory,
    /// containers without a request count for a little.
    /// </summary>
    public static ScoredResource[] Of(IReadOnlyList<ResourceWeight> resources, PodInfo pod, ClusterState cluster, bool withDefaults) =>
        [
            .. from resource in resources
            let requested = pod.Requests.Of(resource.Name)
            where requested > 0 || resource.Name is ResourceList.CpuName or ResourceList.MemoryName or ResourceList.EphemeralStorageName
            select (resource.Name, withDefaults) switch
            {
                (ResourceList.CpuName, true) => new ScoredResource(cluster.NonZeroCpu, pod.NonZero.MilliCpu, resource.Weight),
                (ResourceList.MemoryName, true) => new ScoredResource(cluster.NonZeroMemory, pod.NonZero.Memory, resource.Weight),
                _ => new ScoredResource(cluster.Resource(resource.Name), requested, resource.Weight),
            },
        ];

    public long Allocatable(int node) => Column.Allocatable[node];

    /// <summary>What will be requested with the pod on the node.</summary>
    public long Requested(int node) => Column.Requested[node] + Added;
}
