using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>A pod's effective resource requests and its quality-of-service class.</summary>
internal static class PodResources
{
    private static readonly string[] Counted = ["cpu", "memory"];

    /// <summary>
    /// What the containers of a pod request together: the sum of those that run side by side, or what an init container needs at its
    /// turn beside the sidecars before it, when that is more.
    /// </summary>
    public static Quantity Requests(JsonObject spec, string resource)
    {
        var running = spec.Objects("containers").Aggregate(default(Quantity), (sum, c) => sum + Amount(c, "requests", resource));
        var sidecars = default(Quantity);
        var starting = default(Quantity);
        foreach (var container in spec.Objects("initContainers"))
        {
            var own = Amount(container, "requests", resource);
            var now = sidecars + own;
            starting = now > starting ? now : starting;
            if (container.Text("restartPolicy") == "Always")
            {
                sidecars = now;
            }
        }
        running += sidecars;
        return starting > running ? starting : running;
    }

    /// <summary>BestEffort without any request or limit; Guaranteed when all have limits that equal the requests; else Burstable.</summary>
    public static string QosClass(JsonObject spec)
    {
        IReadOnlyList<JsonObject> holders =
            spec.Child("resources") is { } podLevel && HasAny(podLevel)
                ? [spec]
                : [.. spec.Objects("containers"), .. spec.Objects("initContainers")];
        if (!holders.Any(h => Counted.Any(r => !Amount(h, "requests", r).IsZero || !Amount(h, "limits", r).IsZero)))
        {
            return "BestEffort";
        }
        return holders.All(IsGuaranteed) ? "Guaranteed" : "Burstable";
    }

    private static bool IsGuaranteed(JsonObject holder) =>
        Counted.All(resource =>
            Amount(holder, "limits", resource) is { IsZero: false } limit
            && (!holder.Child("resources").Child("requests").Has(resource) || Amount(holder, "requests", resource) == limit)
        );

    private static bool HasAny(JsonObject resources) =>
        Counted.Any(r => resources.Child("requests").Has(r) || resources.Child("limits").Has(r));

    private static Quantity Amount(JsonObject holder, string list, string resource) =>
        Quantity.TryParse(holder.Child("resources").Child(list).Text(resource), out var quantity) ? quantity : default;
}
