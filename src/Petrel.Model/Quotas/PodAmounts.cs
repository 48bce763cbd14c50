using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Quotas;

/// <summary>What a pod asks for and is limited to as a whole, over all its containers (upstream: PodRequests and PodLimits).</summary>
public static class PodAmounts
{
    /// <summary>The requests of the pod, with its overhead.</summary>
    public static ResourceAmounts Requests(JsonObject spec)
    {
        var sum = Containers(spec, "requests");
        OverrideWithPodLevel(sum, spec, "requests");
        sum.Add(ResourceAmounts.From(spec["overhead"]));
        return sum;
    }

    /// <summary>The limits of the pod, with its overhead where there is a limit.</summary>
    public static ResourceAmounts Limits(JsonObject spec)
    {
        var sum = Containers(spec, "limits");
        OverrideWithPodLevel(sum, spec, "limits");
        sum.Add(ResourceAmounts.From(spec["overhead"]).Where(name => !sum[name].IsZero));
        return sum;
    }

    /// <summary>One container's requests or limits.</summary>
    public static ResourceAmounts Of(JsonObject container, string list) => ResourceAmounts.From(container.Child("resources")?[list]);

    /// <summary>Whether the pod says for itself what its containers use together.</summary>
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
    /// Those that run side by side together, or an init container at its turn beside the sidecars before it when that is more.
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
