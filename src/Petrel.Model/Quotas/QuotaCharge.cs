using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Quotas;

/// <summary>The effect of one write on one quota.</summary>
/// <param name="Outcome">Whether the quota applies to the write, and whether it allows the write.</param>
/// <param name="Used">The quota's usage including the write, if it is charged.</param>
/// <param name="Problem">Why the write is refused, with upstream's error message.</param>
public sealed record QuotaCharge(QuotaOutcome Outcome, ResourceAmounts? Used = null, string Problem = "")
{
    private static readonly QuotaCharge Unconcerned = new(QuotaOutcome.Unconcerned);

    /// <summary>Checks a write against a quota.</summary>
    /// <param name="quota">The quota.</param>
    /// <param name="evaluator">How the written object counts.</param>
    /// <param name="document">The object after the write.</param>
    /// <param name="old">The object before the write; null for a create.</param>
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
        // spec.hard has a limit that is not yet in status.hard. The recount that sets status.hard must include this object.
        var wanted = ResourceAmounts.From(spec?["hard"]);
        return delta.Names.Any(resource => wanted.Has(resource) && !hard.Has(resource)) ? new(QuotaOutcome.Observed) : Unconcerned;
    }

    private static QuotaCharge Refused(string problem) => new(QuotaOutcome.Refused, null, problem);
}

/// <summary>The result of checking a write against a quota.</summary>
public enum QuotaOutcome
{
    /// <summary>The quota does not count the object, or the write does not increase the usage.</summary>
    Unconcerned,

    /// <summary>The usage increases and stays within the limits.</summary>
    Charged,

    /// <summary>The quota will soon limit this resource. Its pending recount must include the write.</summary>
    Observed,

    /// <summary>The write would exceed the quota, or the object lacks fields that the quota needs to count it.</summary>
    Refused,
}
