using System.Globalization;
using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Revisions;

namespace Petrel.Controllers.Deployments;

/// <summary>
/// The revision numbers of rollouts. Each ReplicaSet has the number of its latest rollout, the Deployment that of its newest ReplicaSet.
/// After a rollback, the old ReplicaSet has a new number, and its previous numbers are in an annotation.
/// </summary>
internal static class DeploymentRevisions
{
    // Upstream's limit for the list of previous numbers.
    private const int MaxHistoryLength = 2000;

    // Annotations that belong to the Deployment alone, or that differ on each ReplicaSet.
    private static readonly string[] NotCopied =
    [
        "kubectl.kubernetes.io/last-applied-configuration",
        DeploymentNames.Revision,
        DeploymentNames.RevisionHistory,
        DeploymentNames.DesiredReplicas,
        DeploymentNames.MaxReplicas,
        "deprecated.deployment.rollback.to",
    ];

    /// <summary>The object's revision number; 0 when it has none or a malformed one.</summary>
    public static long Of(IKubernetesObject<V1ObjectMeta> value) => Parse(value.Metadata.Annotations, DeploymentNames.Revision) ?? 0;

    /// <summary>The revision number of the next rollout.</summary>
    public static long Next(IEnumerable<V1ReplicaSet> oldSets) => oldSets.Select(Of).DefaultIfEmpty().Max() + 1;

    /// <summary>A number in an annotation, or null.</summary>
    public static long? Parse(IDictionary<string, string>? annotations, string name) =>
        annotations is not null
        && annotations.TryGetValue(name, out var text)
        && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>
    /// Copies the Deployment's annotations to those of a ReplicaSet, and sets the revision if it is higher. Returns whether anything
    /// changed.
    /// </summary>
    public static bool Update(V1Deployment deployment, IDictionary<string, string> annotations, long revision)
    {
        var changed = false;
        foreach (var (name, value) in deployment.Metadata.Annotations ?? new Dictionary<string, string>())
        {
            if (!NotCopied.Contains(name) && (!annotations.TryGetValue(name, out var existing) || existing != value))
            {
                annotations[name] = value;
                changed = true;
            }
        }
        if ((Parse(annotations, DeploymentNames.Revision) ?? 0) >= revision)
        {
            return changed;
        }
        if (annotations.TryGetValue(DeploymentNames.Revision, out var previous))
        {
            AppendToHistory(annotations, previous);
        }
        annotations[DeploymentNames.Revision] = revision.ToString(CultureInfo.InvariantCulture);
        return true;
    }

    private static void AppendToHistory(IDictionary<string, string> annotations, string previous)
    {
        var history =
            annotations.TryGetValue(DeploymentNames.RevisionHistory, out var text) && text.Length > 0 ? $"{text},{previous}" : previous;
        while (history.Length > MaxHistoryLength && history.Contains(','))
        {
            history = history[(history.IndexOf(',') + 1)..];
        }
        annotations[DeploymentNames.RevisionHistory] = history;
    }
}
