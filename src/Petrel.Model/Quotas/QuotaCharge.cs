using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Quotas;

/// <summary>What one write comes to for one quota.</summary>
/// <param name="Outcome">Whether the quota is concerned, and whether it allows the write.</param>
/// <param name="Used">The quota's usage with the write, when it is charged.</param>
/// <param name="Problem">Why it is refused, in upstream's words.</param>
public sealed record QuotaCharge(QuotaOutcome Outcome, ResourceAmounts? Used = null, string Problem = "")
{
    private static readonly QuotaCharge Unconcerned = new(QuotaOutcome.Unconcerned);

    /// <summary>Holds a write against a quota.</summary>
    /// <param name="quota">The quota.</param>
    /// <param name="evaluator">How the written object counts.</param>
    /// <param name="document">The object as it is to be.</param>
    /// <param name="old">As it is; null when it is created.</param>
    /// <param name="now">The time.</param>
    public static QuotaCharge Of(JsonObject quota, IQuotaEvaluator evaluator, JsonObject document, JsonObject? old, DateTimeOffset now)
    {
        var name = quota.Child("metadata").Text("name");
        var spec = quota.Child("spec");
        if (!ScopeSelector.Of(spec).All(selector => evaluator.Meets(selector, document)))
        {
            return Unconcerned;
        }
        var hard = ResourceAmounts.From(quota.Child("status")?["hard"]);
        var used = ResourceAmounts.From(quota.Child("status")?["used"]);
        string[] limited = [.. hard.Names.Where(evaluator.Counts)];
        if (limited.Length > 0)
        {
            if (evaluator.Problem(limited, document) is { } missing)
            {
                return Refused($"failed quota: {name}: {missing}");
            }
            if (limited.Any(resource => !used.Has(resource)))
            {
                return Refused($"status unknown for quota: {name}, resources: {string.Join(',', limited)}");
            }
        }
        var usage = evaluator.Usage(document, now);
        if (usage.Names.Where(resource => usage[resource].Sign < 0).ToArray() is { Length: > 0 } negative)
        {
            return Refused($"quota usage is negative for resource(s): {string.Join(',', negative)}");
        }
        var delta = usage.Above(old is null ? new() : evaluator.Usage(old, now));
        var requested = delta.Where(hard.Has);
        var sum = used.Copy();
        sum.Add(requested);
        if (requested.Names.Where(resource => sum[resource] > hard[resource]).ToArray() is { Length: > 0 } exceeded)
        {
            return Refused(
                $"exceeded quota: {name}, requested: {requested.Where(exceeded.Contains)}, used: "
                    + $"{used.Where(exceeded.Contains)}, limited: {hard.Where(exceeded.Contains)}"
            );
        }
        if (!requested.IsEmpty)
        {
            return new(QuotaOutcome.Charged, sum);
        }
        // A limit that is wanted and not in force yet: whoever counts for it must not miss the object.
        var wanted = ResourceAmounts.From(spec?["hard"]);
        return delta.Names.Any(resource => wanted.Has(resource) && !hard.Has(resource)) ? new(QuotaOutcome.Observed) : Unconcerned;
    }

    private static QuotaCharge Refused(string problem) => new(QuotaOutcome.Refused, null, problem);
}

/// <summary>What a quota says to a write.</summary>
public enum QuotaOutcome
{
    /// <summary>The quota does not count what is written.</summary>
    Unconcerned,

    /// <summary>The usage grows, and stays within the limits.</summary>
    Charged,

    /// <summary>The quota is about to count such objects: it must notice the write.</summary>
    Observed,

    /// <summary>The write would exceed the quota, or says too little to be counted.</summary>
    Refused,
}
