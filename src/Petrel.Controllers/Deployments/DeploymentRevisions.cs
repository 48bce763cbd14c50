using System.Globalization;
using k8s;
using k8s.Models;
using Petrel.Controllers.Revisions;
using Petrel.Controllers.StatefulSets;

namespace Petrel.Controllers.Deployments;

/// <summary>
/// The numbers that rollouts have: each ReplicaSet carries the number of its latest rollout, the Deployment that of its newest ReplicaSet.
/// A rollback gives an old ReplicaSet a new number and notes the ones it had.
/// </summary>
internal static class DeploymentRevisions
{
    // Upstream's limit on the length of the list of former numbers.
    private const int HistoryLength = 2000;

    // What belongs to the Deployment alone or has another value on each ReplicaSet.
    private static readonly string[] NotCopied =
    [
        "kubectl.kubernetes.io/last-applied-configuration",
        DeploymentNames.Revision,
        DeploymentNames.RevisionHistory,
        DeploymentNames.DesiredReplicas,
        DeploymentNames.MaxReplicas,
        "deprecated.deployment.rollback.to",
    ];

    /// <summary>The object's number; 0 when it has none or one that cannot be read.</summary>
    public static long Of(IKubernetesObject<V1ObjectMeta> value) => Parse(value.Metadata.Annotations, DeploymentNames.Revision) ?? 0;

    /// <summary>The number of the next rollout.</summary>
    public static long Next(IEnumerable<V1ReplicaSet> oldSets) => oldSets.Select(Of).DefaultIfEmpty().Max() + 1;

    /// <summary>A number in an annotation, or null.</summary>
    public static long? Parse(IDictionary<string, string>? annotations, string name) =>
        annotations is not null
        && annotations.TryGetValue(name, out var text)
        && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : null;

    /// <summary>
    /// Gives a ReplicaSet's annotations the Deployment's ones, and the number if its own is lower. Whether anything changed.
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
        if (annotations.TryGetValue(DeploymentNames.Revision, out var former))
        {
            AppendToHistory(annotations, former);
        }
        annotations[DeploymentNames.Revision] = revision.ToString(CultureInfo.InvariantCulture);
        return true;
    }

    private static void AppendToHistory(IDictionary<string, string> annotations, string former)
    {
        var history =
            annotations.TryGetValue(DeploymentNames.RevisionHistory, out var text) && text.Length > 0 ? $"{text},{former}" : former;
        while (history.Length > HistoryLength && history.Contains(','))
        {
            history = history[(history.IndexOf(',') + 1)..];
        }
        annotations[DeploymentNames.RevisionHistory] = history;
    }
}
