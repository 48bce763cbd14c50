using k8s.Models;

namespace Petrel.Controllers.Namespaces;

/// <summary>What one attempt to empty a namespace has found.</summary>
/// <param name="DiscoveryFailures">Why some kinds are not known.</param>
/// <param name="ContentFailures">Why some objects could not be deleted.</param>
/// <param name="Remains">What is left, by kind.</param>
public sealed record NamespaceContentReport(
    IReadOnlyList<string> DiscoveryFailures,
    IReadOnlyList<string> ContentFailures,
    IReadOnlyList<RemainingContent> Remains
)
{
    /// <summary>Whether the namespace is empty, for certain.</summary>
    public bool IsEmpty => DiscoveryFailures.Count == 0 && ContentFailures.Count == 0 && Remains.All(r => r.Remaining == 0);

    /// <summary>How long what is left may take.</summary>
    public TimeSpan Estimate => Remains.Count == 0 ? TimeSpan.Zero : Remains.Max(r => r.Estimate);
}

/// <summary>The conditions that tell how far the deletion of a namespace is (upstream: namespaceConditionUpdater).</summary>
public static class NamespaceConditions
{
    public const string DiscoveryFailure = "NamespaceDeletionDiscoveryFailure";
    public const string VersionFailure = "NamespaceDeletionGroupVersionParsingFailure";
    public const string ContentFailure = "NamespaceDeletionContentFailure";
    public const string ContentRemaining = "NamespaceContentRemaining";
    public const string FinalizersRemaining = "NamespaceFinalizersRemaining";

    /// <summary>The conditions after an attempt; null when they are those that the namespace has.</summary>
    public static IList<V1NamespaceCondition>? Compute(
        IList<V1NamespaceCondition>? current,
        NamespaceContentReport findings,
        DateTimeOffset now
    )
    {
        var result = current?.ToList() ?? [];
        var changed = false;
        foreach (var condition in Wanted(findings))
        {
            var at = result.FindIndex(c => c.Type == condition.Type);
            var old = at < 0 ? null : result[at];
            if (old is not null && old.Status == condition.Status && old.Reason == condition.Reason && old.Message == condition.Message)
            {
                continue;
            }
            changed = true;
            condition.LastTransitionTime = old?.Status == condition.Status ? old.LastTransitionTime : now.UtcDateTime;
            if (at < 0)
            {
                result.Add(condition);
            }
            else
            {
                result[at] = condition;
            }
        }
        return changed ? result : null;
    }

    private static IEnumerable<V1NamespaceCondition> Wanted(NamespaceContentReport findings)
    {
        yield return findings.DiscoveryFailures.Count > 0
            ? Bad(DiscoveryFailure, "DiscoveryFailed", string.Join(", ", findings.DiscoveryFailures))
            : Good(DiscoveryFailure, "ResourcesDiscovered", "All resources successfully discovered");
        // There are no versions here that can't be read.
        yield return Good(VersionFailure, "ParsedGroupVersions", "All legacy kube types successfully parsed");
        yield return findings.ContentFailures.Count > 0
            ? Bad(
                ContentFailure,
                "ContentDeletionFailed",
                $"Failed to delete all resource types, {findings.ContentFailures.Count} remaining: "
                    + $"{string.Join(", ", findings.ContentFailures.Order(StringComparer.Ordinal))}"
            )
            : Good(ContentFailure, "ContentDeleted", "All content successfully deleted, may be waiting on finalization");
        var remaining = findings
            .Remains.Where(r => r.Remaining > 0)
            .Select(r => $"{r.Kind.Plural}.{r.Kind.Gvk.Group} has {r.Remaining} resource instances")
            .Order(StringComparer.Ordinal)
            .ToArray();
        yield return remaining.Length > 0
            ? Bad(ContentRemaining, "SomeResourcesRemain", $"Some resources are remaining: {string.Join(", ", remaining)}")
            : Good(ContentRemaining, "ContentRemoved", "All content successfully removed");
        var finalizers = findings
            .Remains.SelectMany(r => r.Finalizers)
            .GroupBy(f => f.Key, StringComparer.Ordinal)
            .Select(f => $"{f.Key} in {f.Sum(n => n.Value)} resource instances")
            .Order(StringComparer.Ordinal)
            .ToArray();
        yield return finalizers.Length > 0
            ? Bad(
                FinalizersRemaining,
                "SomeFinalizersRemain",
                $"Some content in the namespace has finalizers remaining: {string.Join(", ", finalizers)}"
            )
            : Good(FinalizersRemaining, "ContentHasNoFinalizers", "All content-preserving finalizers finished");
    }

    private static V1NamespaceCondition Bad(string type, string reason, string message) =>
        new()
        {
            Type = type,
            Status = "True",
            Reason = reason,
            Message = message,
        };

    private static V1NamespaceCondition Good(string type, string reason, string message) =>
        new()
        {
            Type = type,
            Status = "False",
            Reason = reason,
            Message = message,
        };
}
