using System.Globalization;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.PodControl;
using Petrel.Controllers.Revisions;
using Petrel.Model.Determinism;
using Petrel.Workloads;

namespace Petrel.Controllers.DaemonSets;

/// <summary>The pod of a DaemonSet for one node.</summary>
public static class DaemonPod
{
    private const string NameField = "metadata.name";
    private const string GenerationLabel = "pod-template-generation";
    private const string GenerationAnnotation = "deprecated.daemonset.template.generation";

    /// <summary>The pod to create. The scheduler binds it; its node affinity matches that node only.</summary>
    public static V1Pod For(V1DaemonSet set, string node, string hash, IEntropy entropy)
    {
        var pod = TemplatePod.From(set, set.Spec.Template, entropy);
        pod.Metadata.Labels ??= new Dictionary<string, string>();
        pod.Metadata.Labels[RevisionOwner.PodLabel] = hash;
        if (Generation(set) is { } generation)
        {
            pod.Metadata.Labels[GenerationLabel] = generation;
        }
        pod.Spec.Tolerations = DaemonTolerations.Of(pod.Spec);
        pod.Spec.Affinity ??= new();
        pod.Spec.Affinity.NodeAffinity ??= new();
        pod.Spec.Affinity.NodeAffinity.RequiredDuringSchedulingIgnoredDuringExecution = new()
        {
            NodeSelectorTerms =
            [
                new()
                {
                    MatchFields =
                    [
                        new()
                        {
                            Key = NameField,
                            OperatorProperty = "In",
                            Values = [node],
                        },
                    ],
                },
            ],
        };
        return pod;
    }

    /// <summary>The node that the pod is bound to or meant for; null when it names none.</summary>
    public static string? TargetNode(V1Pod pod)
    {
        if (!string.IsNullOrEmpty(pod.Spec.NodeName))
        {
            return pod.Spec.NodeName;
        }
        var required = pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution;
        var field = (required?.NodeSelectorTerms ?? [])
            .SelectMany(t => t.MatchFields ?? [])
            .FirstOrDefault(f => f is { Key: NameField, OperatorProperty: "In" });
        return field?.Values is [var node] ? node : null;
    }

    /// <summary>
    /// Whether the pod has the newest template: by its hash, or by the template generation if the set has that annotation.
    /// </summary>
    public static bool IsUpdated(V1DaemonSet set, V1Pod pod, string hash)
    {
        var labels = LabelSets.Of(pod.Metadata.Labels);
        return (hash.Length > 0 && labels.GetValueOrDefault(RevisionOwner.PodLabel) == hash)
            || (Generation(set) is { } generation && labels.GetValueOrDefault(GenerationLabel) == generation);
    }

    private static string? Generation(V1DaemonSet set) =>
        LabelSets.Of(set.Metadata.Annotations).TryGetValue(GenerationAnnotation, out var text)
        && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number.ToString(CultureInfo.InvariantCulture)
            : null;
}
