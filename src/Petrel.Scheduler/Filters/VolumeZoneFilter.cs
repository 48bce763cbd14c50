using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Filters;

/// <summary>Volumes that are labelled with zones or regions are used there only, by nodes that are labelled with any.</summary>
internal sealed class VolumeZoneFilter(IClusterObjects objects) : IFilterPlugin, IRetryHints
{
    private const string BetweenZones = "__";

    private static readonly string[] Keys =
    [
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
    ];

    private static readonly Verdict Elsewhere = Verdict.Unresolvable("node(s) had no available volume zone");

    public string Name => "VolumeZone";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded | ClusterEvents.NodeLabels | ClusterEvents.Storage;

    public ObjectKinds Needs(PodInfo pod) => pod.Claims.Length > 0 ? ObjectKinds.Claims | ObjectKinds.Volumes : ObjectKinds.None;

    public FilterPlan For(PodInfo pod, ClusterState cluster)
    {
        var places = new List<(string Key, string[] Values)>();
        foreach (var key in pod.Claims)
        {
            if (objects.Claim(key)?.Spec.VolumeName is { Length: > 0 } name)
            {
                if (objects.Volume(name) is not { } volume)
                {
                    return FilterPlan.Refuse(Verdict.Unresolvable($"persistentvolume \"{name}\" not found"));
                }
                places.AddRange(
                    (volume.Metadata.Labels ?? new Dictionary<string, string>())
                        .Where(l => Keys.Contains(l.Key))
                        .Select(l => (l.Key, l.Value.Split(BetweenZones)))
                );
            }
        }
        return places.Count == 0 ? FilterPlan.Skip : FilterPlan.With(new Filter([.. places], cluster), isVolatile: true);
    }

    private sealed class Filter((string Key, string[] Values)[] places, ClusterState cluster) : INodeFilter
    {
        public Verdict Check(int node)
        {
            var labels = cluster.At(node).Labels;
            return
                !Array.Exists(Keys, labels.ContainsKey)
                || Array.TrueForAll(places, p => labels.TryGetValue(p.Key, out var value) && p.Values.Contains(value))
                ? Verdict.Pass
                : Elsewhere;
        }
    }
}
