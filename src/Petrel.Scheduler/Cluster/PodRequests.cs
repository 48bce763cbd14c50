using k8s.Models;

namespace Petrel.Scheduler.Cluster;

/// <summary>
/// What a pod requests as a whole (component-helpers <c>resource.PodRequests</c>): its containers and sidecars together, or its
/// hungriest init container with the sidecars started before it, whichever is more; then pod-level requests, then overhead. Of a container
/// that is being resized counts the most of what it asks for, what its node has set aside, and what it has.
/// </summary>
internal static class PodRequests
{
    // What a container without a request counts for in scores (upstream: schedutil), so that many such pods don't pile up on a node.
    private const long DefaultMilliCpu = 100;
    private const long DefaultMemory = 200L * 1024 * 1024;

    /// <summary>The requests, and the same with a small CPU and memory request for containers that have none.</summary>
    public static (ResourceAmounts Requests, ResourceAmounts NonZero) Of(V1Pod pod)
    {
        var requests = Total(pod.Spec, pod.Status, _ => { });
        // With pod-level resources the default is for a pod of which nothing says how much.
        var podLevel = PodLevel(pod.Spec).Any();
        var (cpu, memory) = (!podLevel || requests.MilliCpu == 0, !podLevel || requests.Memory == 0);
        return (requests, Total(pod.Spec, pod.Status, amounts =>
            {
                amounts.MilliCpu = cpu && !amounts.HasCpu ? DefaultMilliCpu : amounts.MilliCpu;
                amounts.Memory = memory && !amounts.HasMemory ? DefaultMemory : amounts.Memory;
            }));
    }

    public static ResourceAmounts Of(V1PodSpec spec) => Of(new V1Pod { Spec = spec }).Requests;

    public static ResourceAmounts NonZeroOf(V1PodSpec spec) => Of(new V1Pod { Spec = spec }).NonZero;

    private static ResourceAmounts Total(V1PodSpec spec, V1PodStatus? status, Action<ResourceAmounts> fill)
    {
        var infeasible = status?.Conditions?.Any(c => c is { Type: "PodResizePending", Reason: "Infeasible" }) == true;
        var running = new ResourceAmounts();
        foreach (var container in spec.Containers ?? [])
        {
            running.Add(RequestsOf(container, status?.ContainerStatuses, infeasible, fill));
        }
        ResourceAmounts? sidecars = null;
        ResourceAmounts? starting = null;
        foreach (var container in spec.InitContainers ?? [])
        {
            sidecars ??= new();
            starting ??= new();
            var isSidecar = container.RestartPolicy == "Always";
            var atThisStep = RequestsOf(container, isSidecar ? status?.InitContainerStatuses : null, infeasible, fill);
            if (isSidecar)
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
        if (starting is not null)
        {
            running.RaiseTo(starting);
        }
        foreach (var (name, quantity) in PodLevel(spec))
        {
            running.Set(name, quantity);
        }
        if (spec.Overhead is { Count: > 0 } overhead)
        {
            running.Add(ResourceAmounts.From(overhead));
        }
        return running;
    }

    // Upstream's supported pod-level resources.
    private static IEnumerable<KeyValuePair<string, ResourceQuantity>> PodLevel(V1PodSpec spec) =>
        spec.Resources?.Requests is { Count: > 0 } requests
            ? requests.Where(r =>
                r.Key is ResourceAmounts.CpuName or ResourceAmounts.MemoryName || r.Key.StartsWith("hugepages-", StringComparison.Ordinal)
            )
            : [];

    private static ResourceAmounts RequestsOf(
        V1Container container,
        IList<V1ContainerStatus>? statuses,
        bool infeasible,
        Action<ResourceAmounts> fill
    )
    {
        var amounts = ResourceAmounts.From(container.Resources?.Requests);
        if (statuses is not null && StatusOf(statuses, container.Name) is { Resources: not null } status)
        {
            // A resize that the node can't do is as if it weren't asked for.
            amounts = infeasible ? new() : amounts;
            amounts.RaiseTo(ResourceAmounts.From(status.Resources.Requests));
            amounts.RaiseTo(ResourceAmounts.From(status.AllocatedResources));
        }
        fill(amounts);
        return amounts;
    }

    private static V1ContainerStatus? StatusOf(IList<V1ContainerStatus> statuses, string name)
    {
        foreach (var status in statuses)
        {
            if (status.Name == name)
            {
                return status;
            }
        }
        return null;
    }
}
