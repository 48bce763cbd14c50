using System.Text.Json.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Model.Quotas;

/// <summary>How objects of one resource count against quotas.</summary>
public interface IQuotaEvaluator
{
    /// <summary>Whether a change of an object can use more, besides its creation.</summary>
    bool ChargesUpdates { get; }

    /// <summary>Whether a quota that limits <paramref name="resource"/> limits objects of this kind.</summary>
    bool Counts(string resource);

    /// <summary>What an object uses now, of whatever could be limited.</summary>
    ResourceAmounts Usage(JsonObject document, DateTimeOffset now);

    /// <summary>Whether an object meets a quota's condition.</summary>
    bool Meets(ScopeSelector selector, JsonObject document);

    /// <summary>
    /// What an object must say and does not, so that <paramref name="resources"/> can be counted; null when nothing is missing.
    /// </summary>
    string? Problem(IReadOnlyCollection<string> resources, JsonObject document);
}
