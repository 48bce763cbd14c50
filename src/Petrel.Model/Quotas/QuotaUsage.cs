using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Quotas;

/// <summary>Recalculates the usage of a quota in its namespace.</summary>
public static class QuotaUsage
{
    /// <summary>The resources whose objects the quota counts, by group and plural, sorted and without duplicates.</summary>
    public static IReadOnlyList<(string Group, string Plural)> Counted(JsonObject quota) =>
        [
            .. ResourceAmounts
                .From(quota.Child("spec")?["hard"])
                .Names.Select(QuotaEvaluators.Counted)
                .OfType<(string Group, string Plural)>()
                .Distinct()
                .OrderBy(r => r.Group, StringComparer.Ordinal)
                .ThenBy(r => r.Plural, StringComparer.Ordinal),
        ];

    /// <summary>The usage of every resource that the quota limits.</summary>
    /// <param name="quota">The quota.</param>
    /// <param name="objects">All objects of each resource of <see cref="Counted"/> that is served.</param>
    /// <param name="now">The time.</param>
    public static ResourceAmounts Sum(
        JsonObject quota,
        IEnumerable<((string Group, string Plural) Resource, IReadOnlyList<JsonObject> Items)> objects,
        DateTimeOffset now
    )
    {
        var hard = ResourceAmounts.From(quota.Child("spec")?["hard"]);
        var selectors = ScopeSelector.Of(quota.Child("spec"));
        var used = new ResourceAmounts();
        foreach (var (resource, items) in objects)
        {
            if (QuotaEvaluators.For(resource.Group, resource.Plural) is not { } evaluator)
            {
                continue;
            }
            foreach (var name in hard.Names.Where(evaluator.Counts))
            {
                used[name] += default(Quantity);
            }
            foreach (var item in items.Where(item => selectors.All(s => evaluator.Meets(s, item))))
            {
                used.Add(evaluator.Usage(item, now).Where(hard.Has));
            }
        }
        return used;
    }

    /// <summary>The desired status of the quota; null when the current status is already correct.</summary>
    public static JsonObject? Status(JsonObject quota, ResourceAmounts used)
    {
        var hard = ResourceAmounts.From(quota.Child("spec")?["hard"]);
        var status = quota.Child("status");
        return
            ResourceAmounts.From(status?["hard"]).SameAs(hard) && ResourceAmounts.From(status?["used"]).SameAs(used) && status is not null
            ? null
            : new JsonObject { ["hard"] = hard.ToDocument(), ["used"] = used.ToDocument() };
    }
}
