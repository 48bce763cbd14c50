using k8s.Models;
using Petrel.Workloads;

namespace Petrel.Scheduler.Cluster;

/// <summary>
/// The requests that scores count: a container without a request for CPU or memory counts with a small one, so that many such pods do not
/// gather on one node (upstream: <c>GetNonzeroRequestForResource</c>).
/// </summary>
internal static class ScoringRequests
{
    private static readonly ResourceList Cpu = ResourceList.From([new(ResourceList.CpuName, new("100m"))]);
    private static readonly ResourceList Memory = ResourceList.From([new(ResourceList.MemoryName, new("200Mi"))]);
    private static readonly ResourceList Both = ResourceList.From([
        new(ResourceList.CpuName, new("100m")),
        new(ResourceList.MemoryName, new("200Mi")),
    ]);

    /// <summary>The requests of a pod for scores.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="requests">Its real requests.</param>
    public static ResourceList Of(V1Pod pod, ResourceList requests)
    {
        // With pod-level resources, only a resource that no container and no pod-level request states gets the default.
        var podLevel = PodRequests.PodLevel(pod.Spec).Any();
        var (cpu, memory) = (!podLevel || requests.MilliCpu == 0, !podLevel || requests.Memory == 0);
        return (cpu, memory) switch
        {
            (true, true) => PodRequests.Of(pod, Both),
            (true, false) => PodRequests.Of(pod, Cpu),
            (false, true) => PodRequests.Of(pod, Memory),
            _ => PodRequests.Of(pod),
        };
    }
}
