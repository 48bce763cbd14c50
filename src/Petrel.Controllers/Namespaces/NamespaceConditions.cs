using k8s.Models;
using Petrel.Client;

namespace Petrel.Controllers.Namespaces;

/// <summary>The result of one attempt to delete the content of a namespace.</summary>
/// <param name="DiscoveryFailures">Why some kinds are unknown.</param>
/// <param name="ContentFailures">Why some objects could not be deleted.</param>
/// <param name="Remaining">The remaining content, by kind.</param>
public sealed record NamespaceContentReport(
    IReadOnlyList<string> DiscoveryFailures,
    IReadOnlyList<string> ContentFailures,
    IReadOnlyList<RemainingContent> Remaining
)
{
    /// <summary>Whether the namespace is known to be empty.</summary>
    public bool IsEmpty => DiscoveryFailures.Count == 0 && ContentFailures.Count == 0 && Remaining.All(r => r.Count == 0);

    /// <summary>How long the remaining content may take to be gone.</summary>
    public TimeSpan Estimate => Remaining.Count == 0 ? TimeSpan.Zero : Remaining.Max(r => r.Estimate);
}

/// <summary>The conditions about the deletion of a namespace (upstream: namespaceConditionUpdater).</summary>
public static class NamespaceConditions
{
    public const string DiscoveryFailure = "NamespaceDeletionDiscoveryFailure";
    public const string VersionFailure = "NamespaceDeletionGroupVersionParsingFailure";
    public const string ContentFailure = "NamespaceDeletionContentFailure";
    public const string ContentRemaining = "NamespaceContentRemaining";
    public const string FinalizersRemaining = "NamespaceFinalizersRemaining";

    /// <summary>The conditions after an attempt; null when they are unchanged.</summary>
    public static IList<V1NamespaceCondition>? Compute(
        IList<V1NamespaceCondition>? current,
        NamespaceContentReport report,
        DateTimeOffset now
    )
    {
        var result = current?.ToList() ?? [];
        var changed = false;
        foreach (var condition in Conditions(report))
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

    private static IEnumerable<V1NamespaceCondition> Conditions(NamespaceContentReport report)
    {
        yield return report.DiscoveryFailures.Count > 0
            ? Problem(DiscoveryFailure, "DiscoveryFailed", string.Join(", ", report.DiscoveryFailures))
            : NoProblem(DiscoveryFailure, "ResourcesDiscovered", "All resources successfully discovered");
        // Petrel has no malformed versions.
        yield return NoProblem(VersionFailure, "ParsedGroupVersions", "All legacy kube types successfully parsed");
        yield return report.ContentFailures.Count > 0
            ? Problem(
                ContentFailure,
                "ContentDeletionFailed",
                $"Failed to delete all resource types, {report.ContentFailures.Count} remaining: "
                    + $"{string.Join(", ", report.ContentFailures.Order(StringComparer.Ordinal))}"
            )
            : NoProblem(ContentFailure, "ContentDeleted", "All content successfully deleted, may be waiting on finalization");
        var remaining = report
            .Remaining.Where(r => r.Count > 0)
            .Select(r => $"{r.Kind.Plural}.{r.Kind.Gvk.Group} has {r.Count} resource instances")
            .Order(StringComparer.Ordinal)
            .ToArray();
        yield return remaining.Length > 0
            ? Problem(ContentRemaining, "SomeResourcesRemain", $"Some resources are remaining: {string.Join(", ", remaining)}")
            : NoProblem(ContentRemaining, "ContentRemoved", "All content successfully removed");
        var finalizers = report
            .Remaining.SelectMany(r => r.Finalizers)
            .GroupBy(f => f.Key, StringComparer.Ordinal)
            .Select(f => $"{f.Key} in {f.Sum(n => n.Value)} resource instances")
            .Order(StringComparer.Ordinal)
            .ToArray();
        yield return finalizers.Length > 0
            ? Problem(
                FinalizersRemaining,
                "SomeFinalizersRemain",
                $"Some content in the namespace has finalizers remaining: {string.Join(", ", finalizers)}"
            )
            : NoProblem(FinalizersRemaining, "ContentHasNoFinalizers", "All content-preserving finalizers finished");
    }

    private static V1NamespaceCondition Problem(string type, string reason, string message) =>
        new()
        {
            Type = type,
            Status = "True",
            Reason = reason,
            Message = message,
        };

    private static V1NamespaceCondition NoProblem(string type, string reason, string message) =>
        new()
        {
            Type = type,
            Status = "False",
            Reason = reason,
            Message = message,
        };
}
