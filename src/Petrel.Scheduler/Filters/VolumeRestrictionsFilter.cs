using k8s.Models;
using Petrel.Model;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Filters;

/// <summary>
/// A claim with ReadWriteOncePod is used by one pod at most, wherever it is; and some kinds of disks, which pods name directly, by one pod
/// of a node.
/// </summary>
internal sealed class VolumeRestrictionsFilter(IClusterObjects objects) : IFilterPlugin, IRetryHints
{
    private static readonly Verdict DiskTaken = Verdict.Unschedulable("node(s) had no available disk");

    private static readonly Verdict ClaimTaken = Verdict.Unschedulable(
        "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
    );

    public string Name => "VolumeRestrictions";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded | ClusterEvents.PodDeleted | ClusterEvents.Storage;

    public bool MayHelp(PodInfo waiting, in ClusterEvent happened) =>
        happened.OldPod is not { } gone || gone.Claims.Intersect(waiting.Claims).Any() || PodVolumes.DisksOf(gone.Pod).Length > 0;

    public ObjectKinds Needs(PodInfo pod) => pod.Claims.Length > 0 ? ObjectKinds.Claims : ObjectKinds.None;

    public FilterPlan For(PodInfo pod, ClusterState cluster)
    {
        var alone = new List<ObjectKey>();
        foreach (var key in pod.Claims)
        {
            if (objects.Claim(key) is not { } claim)
            {
                return FilterPlan.Refuse(Verdict.Unresolvable($"persistentvolumeclaim \"{key.Name}\" not found"));
            }
            if (claim.Spec.AccessModes?.Contains("ReadWriteOncePod") == true)
            {
                alone.Add(key);
            }
        }
        var disks = PodVolumes.DisksOf(pod.Pod);
        return alone.Count > 0 ? FilterPlan.With(new ClaimFilter([.. alone], disks, cluster), isVolatile: true)
            : disks.Length > 0 ? FilterPlan.With(new DiskFilter(disks, cluster))
            : FilterPlan.Skip;
    }

    private sealed class DiskFilter(V1Volume[] disks, ClusterState cluster) : INodeFilter
    {
        public Verdict Check(int node) =>
            disks.Length > 0
            && cluster.At(node).Pods.Any(p => PodVolumes.DisksOf(p.Pod).Any(used => disks.Any(d => PodVolumes.Conflict(d, used))))
                ? DiskTaken
                : Verdict.Pass;
    }

    private sealed class ClaimFilter(ObjectKey[] claims, V1Volume[] disks, ClusterState cluster) : INodeFilter, IFollowsPods
    {
        private readonly DiskFilter _disks = new(disks, cluster);
        private int _users = claims.Sum(cluster.UsersOfClaim);

        public Reach Reach => Reach.Cluster;

        public Verdict Check(int node) =>
            _disks.Check(node) is { Passes: false } taken ? taken
            : _users > 0 ? ClaimTaken
            : Verdict.Pass;

        public void Add(PodInfo pod, int node) => _users += pod.Claims.Intersect(claims).Count();

        public void Remove(PodInfo pod, int node) => _users -= pod.Claims.Intersect(claims).Count();
    }
}
