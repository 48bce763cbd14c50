using k8s.Models;
using Petrel.Client;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Scheduler.Cluster;

/// <summary>A pod with the values that scheduling asks for repeatedly, computed once. Immutable.</summary>
internal sealed class PodInfo
{
    private RequiredNodeAffinity? _requiredNodeAffinity;
    private string? _signature;

    public PodInfo(V1Pod pod)
    {
        Pod = pod;
        Key = pod.Key();
        Labels = LabelSets.Of(pod.Metadata.Labels);
        Requests = PodRequests.Of(pod);
        NonZero = ScoringRequests.Of(pod, Requests);
        HostPorts = HostPortClaim.Of(pod.Spec);
        Claims = PodVolumes.ClaimsOf(pod);
        Owner = pod.ControllerReference();

        if (pod.Spec.Affinity is { } affinity)
        {
            var ns = Key.Namespace;
            RequiredAffinity = PodAffinityTerm.Required(affinity.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution, ns, Labels);
            PreferredAffinity = PodAffinityTerm.Preferred(
                affinity.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution,
                ns,
                Labels
            );
            RequiredAntiAffinity = PodAffinityTerm.Required(
                affinity.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution,
                ns,
                Labels
            );
            PreferredAntiAffinity = PodAffinityTerm.Preferred(
                affinity.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution,
                ns,
                Labels
            );
        }
    }

    public V1Pod Pod { get; }
    public ObjectKey Key { get; }
    public string Uid => Pod.Metadata.Uid ?? "";
    public int Priority => Pod.Spec.Priority ?? 0;
    public bool IsTerminating => Pod.Metadata.DeletionTimestamp is not null;
    public IReadOnlyDictionary<string, string> Labels { get; }

    /// <summary>The controller that owns the pod.</summary>
    public V1OwnerReference? Owner { get; }

    /// <summary>The uid of the controller that owns the pod.</summary>
    public string? OwnerUid => Owner?.Uid;

    public ResourceList Requests { get; }

    /// <summary>The requests for scores, with defaults where the pod states none.</summary>
    public ResourceList NonZero { get; }

    public HostPortClaim[] HostPorts { get; }

    /// <summary>The persistent volume claims of its volumes, including those of ephemeral volumes.</summary>
    public ObjectKey[] Claims { get; }

    public RequiredNodeAffinity RequiredNodeAffinity => _requiredNodeAffinity ??= new(Pod.Spec);
    public PodAffinityTerm[] RequiredAffinity { get; } = [];
    public PodAffinityTerm[] PreferredAffinity { get; } = [];
    public PodAffinityTerm[] RequiredAntiAffinity { get; } = [];
    public PodAffinityTerm[] PreferredAntiAffinity { get; } = [];

    /// <summary>Whether the pod has any term about other pods.</summary>
    public bool HasPodAffinity =>
        RequiredAffinity.Length + PreferredAffinity.Length + RequiredAntiAffinity.Length + PreferredAntiAffinity.Length > 0;

    /// <summary>Everything about the pod that plugins look at. Pods with the same signature get the same answers.</summary>
    public string Signature => _signature ??= PodSignature.Of(this);

    /// <summary>Whether counts of pods stay right when this version of the pod replaces the other one.</summary>
    public bool IsSameFor(PodInfo other) =>
        ReferenceEquals(this, other) || (IsTerminating == other.IsTerminating && Signature == other.Signature);
}
