using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Filters;

/// <summary>
/// Volumes with labels of zones or regions are used only on nodes with the same labels. A node without any such label takes all volumes.
/// </summary>
internal sealed class VolumeZoneFilter(IClusterObjects objects) : IFilterPlugin, IQueueingHints
{
    private const string ZoneSeparator = "__";

    private static readonly string[] Keys =
    [
        "topology.kubernetes.io/zone",
        "topology.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone",
        "failure-domain.beta.kubernetes.io/region",
    ];

    private static readonly Status WrongZone = Status.Unresolvable("node(s) had no available volume zone");

    public string Name => "VolumeZone";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded | ClusterEvents.NodeLabels | ClusterEvents.Storage;

    public ObjectKinds Needs(PodInfo pod) => pod.Claims.Length > 0 ? ObjectKinds.Claims | ObjectKinds.Volumes : ObjectKinds.None;

    public FilterPlan For(PodInfo pod, ClusterState cluster)
    {
        var required = new List<(string Key, string[] Values)>();
        foreach (var key in pod.Claims)
        {
            if (objects.Claim(key)?.Spec.VolumeName is { Length: > 0 } name)
            {
                if (objects.Volume(name) is not { } volume)
                {
                    return FilterPlan.Refuse(Status.Unresolvable($"persistentvolume \"{name}\" not found"));
                }
                required.AddRange(
                    (volume.Metadata.Labels ?? new Dictionary<string, string>())
                        .Where(l => Keys.Contains(l.Key))
                        .Select(l => (l.Key, l.Value.Split(ZoneSeparator)))
                );
            }
        }
        return required.Count == 0 ? FilterPlan.Skip : FilterPlan.With(new Filter([.. required], cluster), isVolatile: true);
    }

    private sealed class Filter((string Key, string[] Values)[] required, ClusterState cluster) : INodeFilter
    {
        public Status Check(int node)
        {
            var nodeLabels = cluster.At(node).Labels;
            return
                !Array.Exists(Keys, nodeLabels.ContainsKey)
                || Array.TrueForAll(required, l => nodeLabels.TryGetValue(l.Key, out var value) && l.Values.Contains(value))
                ? Status.Success
                : WrongZone;
        }
    }
}
