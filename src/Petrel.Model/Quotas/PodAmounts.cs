using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Quotas;

/// <summary>The total requests and limits of a pod, over all its containers (upstream: PodRequests and PodLimits).</summary>
public static class PodAmounts
{
    /// <summary>The requests of the pod, including its overhead.</summary>
    public static ResourceAmounts Requests(JsonObject spec)
    {
        var sum = Containers(spec, "requests");
        OverrideWithPodLevel(sum, spec, "requests");
        sum.Add(ResourceAmounts.From(spec["overhead"]));
        return sum;
    }

    /// <summary>The limits of the pod. The overhead is added only for resources that have a limit.</summary>
    public static ResourceAmounts Limits(JsonObject spec)
    {
        var sum = Containers(spec, "limits");
        OverrideWithPodLevel(sum, spec, "limits");
        sum.Add(ResourceAmounts.From(spec["overhead"]).Where(name => !sum[name].IsZero));
        return sum;
    }

    /// <summary>The requests or limits of one container.</summary>
    public static ResourceAmounts Of(JsonObject container, string list) => ResourceAmounts.From(container.Child("resources")?[list]);

    /// <summary>Whether the pod sets pod-level resources, which replace the sum of its containers.</summary>
    public static bool HasPodLevel(JsonObject spec) =>
        spec.Child("resources") is { } resources && (HasPodLevel(resources, "requests") || HasPodLevel(resources, "limits"));

    private static bool HasPodLevel(JsonObject resources, string list) => ResourceAmounts.From(resources[list]).Names.Any(IsPodLevel);

    private static bool IsPodLevel(string name) => name is "cpu" or "memory" || name.StartsWith("hugepages-", StringComparison.Ordinal);

    private static void OverrideWithPodLevel(ResourceAmounts sum, JsonObject spec, string list)
    {
        var podLevel = ResourceAmounts.From(spec.Child("resources")?[list]);
        foreach (var name in podLevel.Names.Where(IsPodLevel))
        {
            sum[name] = podLevel[name];
        }
    }

    /// <summary>
    /// The larger of two amounts, for each resource: the sum of the containers and sidecars that run at the same time, or an init container
    /// together with the sidecars that started before it.
    /// </summary>
    private static ResourceAmounts Containers(JsonObject spec, string list)
    {
        var running = new ResourceAmounts();
        foreach (var container in spec.Objects("containers"))
        {
            running.Add(Of(container, list));
        }
        var sidecars = new ResourceAmounts();
        var starting = new ResourceAmounts();
        foreach (var container in spec.Objects("initContainers"))
        {
            var now = Of(container, list);
            if (container.Text("restartPolicy") == "Always")
            {
                sidecars.Add(now);
                running.Add(now);
                starting.RaiseTo(sidecars);
            }
            else
            {
                now.Add(sidecars);
                starting.RaiseTo(now);
            }
        }
        running.RaiseTo(starting);
        return running;
    }
}
