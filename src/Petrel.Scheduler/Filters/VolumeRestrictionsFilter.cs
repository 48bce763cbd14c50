using k8s.Models;
using Petrel.Model;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Filters;

/// <summary>
/// A claim with the access mode ReadWriteOncePod is used by one pod of the cluster. Some kinds of disks that pods name directly are used
/// by one pod of a node.
/// </summary>
internal sealed class VolumeRestrictionsFilter(IClusterObjects objects) : IFilterPlugin, IQueueingHints
{
    private static readonly Status DiskTaken = Status.Unschedulable("node(s) had no available disk");

    private static readonly Status ClaimTaken = Status.Unschedulable(
        "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
    );

    public string Name => "VolumeRestrictions";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded | ClusterEvents.PodDeleted | ClusterEvents.Storage;

    public bool MayHelp(PodInfo waiting, in ClusterEvent happened) =>
        happened.OldPod is not { } gone || gone.Claims.Intersect(waiting.Claims).Any() || PodVolumes.DisksOf(gone.Pod).Length > 0;

    public ObjectKinds Needs(PodInfo pod) => pod.Claims.Length > 0 ? ObjectKinds.Claims : ObjectKinds.None;

    public FilterPlan For(PodInfo pod, ClusterState cluster)
    {
        var exclusive = new List<ObjectKey>();
        foreach (var key in pod.Claims)
        {
            if (objects.Claim(key) is not { } claim)
            {
                return FilterPlan.Refuse(Status.Unresolvable($"persistentvolumeclaim \"{key.Name}\" not found"));
            }
            if (claim.Spec.AccessModes?.Contains("ReadWriteOncePod") == true)
            {
                exclusive.Add(key);
            }
        }
        var disks = PodVolumes.DisksOf(pod.Pod);
        return exclusive.Count > 0 ? FilterPlan.With(new ClaimFilter([.. exclusive], disks, cluster), isVolatile: true)
            : disks.Length > 0 ? FilterPlan.With(new DiskFilter(disks, cluster))
            : FilterPlan.Skip;
    }

    private sealed class DiskFilter(V1Volume[] disks, ClusterState cluster) : INodeFilter
    {
        public Status Check(int node) =>
            disks.Length > 0
            && cluster.At(node).Pods.Any(p => PodVolumes.DisksOf(p.Pod).Any(used => disks.Any(d => PodVolumes.Conflict(d, used))))
                ? DiskTaken
                : Status.Success;
    }

    private sealed class ClaimFilter(ObjectKey[] claims, V1Volume[] disks, ClusterState cluster) : INodeFilter, IPodObserver
    {
        private readonly DiskFilter _disks = new(disks, cluster);
        private int _users = claims.Sum(cluster.UsersOfClaim);

        public Reach Reach => Reach.Cluster;

        public Status Check(int node) =>
            _disks.Check(node) is { IsSuccess: false } taken ? taken
            : _users > 0 ? ClaimTaken
            : Status.Success;

        public void Add(PodInfo pod, int node) => _users += pod.Claims.Intersect(claims).Count();

        public void Remove(PodInfo pod, int node) => _users -= pod.Claims.Intersect(claims).Count();
    }
}
