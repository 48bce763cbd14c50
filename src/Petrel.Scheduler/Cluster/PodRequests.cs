using k8s.Models;

namespace Petrel.Scheduler.Cluster;

/// <summary>
/// What a pod requests as a whole (component-helpers <c>resource.PodRequests</c>): its containers and sidecars together, or its
/// hungriest init container with the sidecars started before it, whichever is more; then pod-level requests, then overhead.
/// </summary>
internal static class PodRequests
{
    // What a container without a request counts for in scores (upstream: schedutil), so that many such pods don't pile up on a node.
    private const long DefaultMilliCpu = 100;
    private const long DefaultMemory = 200L * 1024 * 1024;

    public static ResourceAmounts Of(V1PodSpec spec) => Total(spec, container => ResourceAmounts.From(container.Resources?.Requests));

    /// <summary>The same with a small CPU and memory request for containers that have none.</summary>
    public static ResourceAmounts NonZeroOf(V1PodSpec spec) => Total(spec, container =>
    {
        var requests = container.Resources?.Requests;
        var amounts = ResourceAmounts.From(requests);
        if (requests?.ContainsKey(ResourceAmounts.CpuName) != true)
        {
            amounts.MilliCpu = DefaultMilliCpu;
        }
        if (requests?.ContainsKey(ResourceAmounts.MemoryName) != true)
        {
            amounts.Memory = DefaultMemory;
        }
        return amounts;
    });

    private static ResourceAmounts Total(V1PodSpec spec, Func<V1Container, ResourceAmounts> requestsOf)
    {
        var running = new ResourceAmounts();
        foreach (var container in spec.Containers ?? [])
        {
            running.Add(requestsOf(container));
        }
        var sidecars = new ResourceAmounts();
        var starting = new ResourceAmounts();
        foreach (var container in spec.InitContainers ?? [])
        {
            var atThisStep = requestsOf(container);
            if (container.RestartPolicy == "Always")
            {
                running.Add(atThisStep);
                sidecars.Add(atThisStep);
                atThisStep = sidecars;
            }
            else
            {
                atThisStep.Add(sidecars);
            }
            starting.RaiseTo(atThisStep);
        }
        running.RaiseTo(starting);
        foreach (var (name, quantity) in spec.Resources?.Requests ?? new Dictionary<string, ResourceQuantity>())
        {
            running.Set(name, quantity);
        }
        running.Add(ResourceAmounts.From(spec.Overhead));
        return running;
    }
}
