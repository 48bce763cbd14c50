using k8s.Models;

namespace Petrel.Workloads;

/// <summary>
/// The resources that a pod requests as a whole (upstream: <c>resource.PodRequests</c> of component-helpers). It is the larger of two
/// amounts: that of all containers and sidecars together, and that of the largest init container with the sidecars that start before it.
/// Pod-level requests replace that amount. The overhead is added last. A container that is being resized counts with the largest of
/// its desired, allocated and actual requests.
/// </summary>
public static class PodRequests
{
    /// <summary>The requests of a pod.</summary>
    /// <param name="pod">The pod.</param>
    /// <param name="defaults">CPU and memory that count for a container which does not request them (upstream:
    /// <c>NonMissingContainerRequests</c>). Null: nothing.</param>
    public static ResourceList Of(V1Pod pod, ResourceList? defaults = null) => Total(pod.Spec, pod.Status, defaults);

    /// <summary>The requests of a pod with this spec that has no status yet.</summary>
    public static ResourceList Of(V1PodSpec spec, ResourceList? defaults = null) => Total(spec, null, defaults);

    /// <summary>The requests that the pod states for all of its containers together, of the resources that can be stated so.</summary>
    public static IEnumerable<KeyValuePair<string, ResourceQuantity>> PodLevel(V1PodSpec spec) =>
        spec.Resources?.Requests is { Count: > 0 } requests ? requests.Where(r => IsPodLevelResource(r.Key)) : [];

    private static bool IsPodLevelResource(string name) =>
        name is ResourceList.CpuName or ResourceList.MemoryName || name.StartsWith("hugepages-", StringComparison.Ordinal);

    private static ResourceList Total(V1PodSpec spec, V1PodStatus? status, ResourceList? defaults)
    {
        var infeasible = status?.Conditions?.Any(c => c is { Type: "PodResizePending", Reason: "Infeasible" }) == true;
        var running = new ResourceList();
        foreach (var container in spec.Containers ?? [])
        {
            running.Add(RequestsOf(container, status?.ContainerStatuses, infeasible, defaults));
        }
        ResourceList? sidecars = null;
        ResourceList? starting = null;
        foreach (var container in spec.InitContainers ?? [])
        {
            sidecars ??= new();
            starting ??= new();
            var isSidecar = container.IsSidecar();
            var atThisStep = RequestsOf(container, isSidecar ? status?.InitContainerStatuses : null, infeasible, defaults);
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
            running.Add(ResourceList.From(overhead));
        }
        return running;
    }

    private static ResourceList RequestsOf(
        V1Container container,
        IList<V1ContainerStatus>? statuses,
        bool resizeIsInfeasible,
        ResourceList? defaults
    )
    {
        var requests = ResourceList.From(container.Resources?.Requests);
        if (statuses is not null && StatusOf(statuses, container.Name) is { Resources: not null } status)
        {
            // The node refused the resize for good: the desired requests do not count.
            requests = resizeIsInfeasible ? new() : requests;
            requests.RaiseTo(ResourceList.From(status.Resources.Requests));
            requests.RaiseTo(ResourceList.From(status.AllocatedResources));
        }
        if (defaults is not null)
        {
            requests.FillMissing(defaults);
        }
        return requests;
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
