using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Quotas;

/// <summary>How objects of one resource count against quotas.</summary>
public interface IQuotaEvaluator
{
    /// <summary>Whether an update of an object can increase its usage. Creates always can.</summary>
    bool ChargesUpdates { get; }

    /// <summary>Whether a limit on <paramref name="resource"/> applies to objects of this kind.</summary>
    bool Counts(string resource);

    /// <summary>What an object uses now of every resource that a quota can limit.</summary>
    ResourceAmounts Usage(JsonObject document, DateTimeOffset now);

    /// <summary>Whether an object matches a scope selector of a quota.</summary>
    bool Meets(ScopeSelector selector, JsonObject document);

    /// <summary>
    /// The fields that an object lacks, without which <paramref name="resources"/> cannot be counted; null when none is missing.
    /// </summary>
    string? Problem(IReadOnlyCollection<string> resources, JsonObject document);
}
