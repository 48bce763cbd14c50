using Petrel.Model;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Filters;

/// <summary>Limits the volumes of a CSI driver on a node to the number in the CSINode.</summary>
internal sealed class NodeVolumeLimitsFilter(IClusterObjects objects) : IFilterPlugin, IQueueingHints
{
    private static readonly Status TooMany = Status.Unschedulable("node(s) exceed max volume count");

    public string Name => "NodeVolumeLimits";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded | ClusterEvents.PodDeleted | ClusterEvents.Storage;

    public bool MayHelp(PodInfo waiting, in ClusterEvent happened) => happened.OldPod is not { } gone || gone.Claims.Length > 0;

    public ObjectKinds Needs(PodInfo pod) =>
        pod.Claims.Length > 0
            ? ObjectKinds.Claims | ObjectKinds.Volumes | ObjectKinds.StorageClasses | ObjectKinds.CsiNodes
            : ObjectKinds.None;

    public FilterPlan For(PodInfo pod, ClusterState cluster)
    {
        (string Driver, string Id)[] wanted = [.. pod.Claims.Select(VolumeOf).OfType<(string, string)>()];
        return wanted.Length == 0 ? FilterPlan.Skip : FilterPlan.With(new Filter(this, wanted, cluster), isVolatile: true);
    }

    // A claim that has no volume yet gets one from the driver of its storage class.
    private (string Driver, string Id)? VolumeOf(ObjectKey key)
    {
        if (objects.Claim(key) is not { } claim)
        {
            return null;
        }
        if (claim.Spec.VolumeName is { Length: > 0 } name)
        {
            return objects.Volume(name)?.Spec.Csi is { } csi ? (csi.Driver, csi.VolumeHandle) : null;
        }
        return
            claim.Spec.StorageClassName is { Length: > 0 } className
            && objects.StorageClass(className)?.Provisioner is { Length: > 0 } provisioner
            ? (provisioner, $"{key}")
            : null;
    }

    private sealed class Filter(NodeVolumeLimitsFilter plugin, (string Driver, string Id)[] wanted, ClusterState cluster) : INodeFilter
    {
        public Status Check(int node)
        {
            var info = cluster.At(node);
            foreach (var driver in plugin.LimitsOf(info.Name))
            {
                var added = wanted.Where(w => w.Driver == driver.Name).Distinct().ToHashSet();
                if (added.Count == 0)
                {
                    continue;
                }
                var attached = info
                    .Pods.SelectMany(p => p.Claims)
                    .Select(plugin.VolumeOf)
                    .OfType<(string Driver, string Id)>()
                    .Where(v => v.Driver == driver.Name)
                    .ToHashSet();
                added.ExceptWith(attached);
                if (added.Count > 0 && attached.Count + added.Count > driver.Limit)
                {
                    return TooMany;
                }
            }
            return Status.Success;
        }
    }

    private IEnumerable<(string Name, int Limit)> LimitsOf(string node) =>
        (objects.CsiNode(node)?.Spec.Drivers ?? [])
            .Where(d => d.Allocatable?.Count is not null)
            .Select(d => (d.Name, d.Allocatable.Count!.Value));
}
