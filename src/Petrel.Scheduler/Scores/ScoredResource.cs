using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Settings;
using Petrel.Workloads;

namespace Petrel.Scheduler.Scores;

/// <summary>A resource that counts in a score, with its column and the amount that the pod adds.</summary>
internal readonly record struct ScoredResource(ResourceColumn Column, long Added, int Weight)
{
    /// <summary>
    /// The resources that count for a pod. An extended resource counts only when the pod requests it. With defaults, containers without a
    /// request for CPU or memory count with a small one.
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

    /// <summary>The amount that is requested on the node with the pod on it.</summary>
    public long Requested(int node) => Column.Requested[node] + Added;
}
