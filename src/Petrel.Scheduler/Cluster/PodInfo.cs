using k8s.Models;
using Petrel.Model;

namespace Petrel.Scheduler.Cluster;

/// <summary>A pod with everything worked out once that scheduling asks about it again and again. Immutable.</summary>
internal sealed class PodInfo
{
    private readonly Lazy<RequiredNodes> _requiredNodes;

    public PodInfo(V1Pod pod)
    {
        Pod = pod;
        Key = new(pod.Metadata.NamespaceProperty ?? "", pod.Metadata.Name);
        Labels = LabelSets.Of(pod.Metadata.Labels);
        Requests = PodRequests.Of(pod.Spec);
        NonZero = PodRequests.NonZeroOf(pod.Spec);
        HostPorts = HostPort.Of(pod.Spec);
        _requiredNodes = new(() => new(pod.Spec), LazyThreadSafetyMode.None);
        OwnerUid = (pod.Metadata.OwnerReferences ?? []).FirstOrDefault(o => o.Controller == true)?.Uid;

        var (ns, affinity) = (Key.Namespace, pod.Spec.Affinity);
        RequiredAffinity = PodAffinityTerm.Required(affinity?.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution, ns, Labels);
        PreferredAffinity = PodAffinityTerm.Preferred(affinity?.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution, ns, Labels);
        RequiredAntiAffinity = PodAffinityTerm.Required(affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution, ns, Labels);
        PreferredAntiAffinity = PodAffinityTerm.Preferred(affinity?.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution, ns, Labels);
    }

    public V1Pod Pod { get; }
    public ObjectKey Key { get; }
    public string Uid => Pod.Metadata.Uid ?? "";
    public int Priority => Pod.Spec.Priority ?? 0;
    public bool IsTerminating => Pod.Metadata.DeletionTimestamp is not null;
    public IReadOnlyDictionary<string, string> Labels { get; }

    /// <summary>The uid of the controller that owns the pod.</summary>
    public string? OwnerUid { get; }

    public ResourceAmounts Requests { get; }

    /// <summary>As <see cref="Requests"/>, with defaults for what was not requested; for scores.</summary>
    public ResourceAmounts NonZero { get; }

    public HostPort[] HostPorts { get; }
    public RequiredNodes RequiredNodes => _requiredNodes.Value;
    public PodAffinityTerm[] RequiredAffinity { get; }
    public PodAffinityTerm[] PreferredAffinity { get; }
    public PodAffinityTerm[] RequiredAntiAffinity { get; }
    public PodAffinityTerm[] PreferredAntiAffinity { get; }

    /// <summary>Whether it has any term about other pods.</summary>
    public bool HasPodAffinity =>
        RequiredAffinity.Length + PreferredAffinity.Length + RequiredAntiAffinity.Length + PreferredAntiAffinity.Length > 0;
}
