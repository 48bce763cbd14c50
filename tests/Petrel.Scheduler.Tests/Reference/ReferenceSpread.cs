using k8s.Models;
using Petrel.Scheduler.Settings;

namespace Petrel.Scheduler.Tests.Reference;

/// <summary>One spread constraint as it counts for a pod.</summary>
internal sealed record ReferenceSpread(
    string Key,
    int MaxSkew,
    int MinDomains,
    string Namespace,
    Func<V1Pod, bool> Matches,
    bool HonorAffinity,
    bool HonorTaints
)
{
    public static ReferenceSpread[] Of(V1Pod pod, ReferenceCluster cluster, ProfileSettings settings, string when)
    {
        var ns = pod.Metadata.NamespaceProperty;
        if (pod.Spec.TopologySpreadConstraints is { Count: > 0 } own)
        {
            return
            [
                .. own.Where(c => c.WhenUnsatisfiable == when)
                    .Select(c => new ReferenceSpread(
                        c.TopologyKey,
                        c.MaxSkew,
                        c.MinDomains ?? 1,
                        ns,
                        p =>
                            ReferenceCluster.Selects(c.LabelSelector, p.Metadata.Labels)
                            && (c.MatchLabelKeys ?? []).All(k => Label(pod, k) is null || Label(pod, k) == Label(p, k)),
                        c.NodeAffinityPolicy != "Ignore",
                        c.NodeTaintsPolicy == "Honor"
                    )),
            ];
        }
        var services = cluster
            .Services.Where(s => s.Metadata.NamespaceProperty == ns && s.Spec.Selector.All(l => Label(pod, l.Key) == l.Value))
            .ToArray();
        var owner = pod.Metadata.OwnerReferences?.FirstOrDefault(o => o is { Controller: true, Kind: "ReplicaSet" })?.Uid;
        if (services.Length == 0 && owner is null)
        {
            return [];
        }
        bool Kin(V1Pod p) =>
            services.All(s => s.Spec.Selector.All(l => Label(p, l.Key) == l.Value))
            && (owner is null || p.Metadata.OwnerReferences?.Any(o => o.Controller == true && o.Uid == owner) == true);
        var args = settings.PodTopologySpread;
        return args.Defaulting == DefaultSpread.List
                ?
                [
                    .. args
                        .DefaultConstraints.Where(c => c.WhenUnsatisfiable == when)
                        .Select(c => new ReferenceSpread(c.TopologyKey, c.MaxSkew, 1, ns, Kin, true, false)),
                ]
            : when == "ScheduleAnyway"
                ?
                [
                    new("kubernetes.io/hostname", 3, 1, ns, Kin, true, false),
                    new("topology.kubernetes.io/zone", 5, 1, ns, Kin, true, false),
                ]
            : [];
    }

    public bool Selects(V1Pod pod) => pod.Metadata.NamespaceProperty == Namespace && Matches(pod);

    public bool Counts(V1Pod pod) => pod.Metadata.DeletionTimestamp is null && Selects(pod);

    public bool Includes(V1Node node, V1Pod pod) =>
        (!HonorAffinity || ReferenceCluster.MatchesRequired(pod, node))
        && (!HonorTaints || (node.Spec.Taints ?? []).All(t => t.Effect == "PreferNoSchedule" || ReferenceCluster.Tolerates(pod, t)));

    private static string? Label(V1Pod pod, string key) => pod.Metadata.Labels?.TryGetValue(key, out var value) == true ? value : null;
}
