using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Client;
using Petrel.Model;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler.Filters;

/// <summary>
/// Pods go where their volumes are, or can be: bound claims by their volumes' node affinity, claims that wait for a consumer where a volume
/// is free or can be made. For the latter the volume's claimRef, or the claim's selected node, is written before the pod is bound, and the
/// pod waits until its claims are bound.
/// </summary>
internal sealed class VolumeBindingPlugin(PluginContext context) : IFilterPlugin, IReservePlugin, IPreBindPlugin, IRetryHints
{
    private static readonly TimeSpan LookAgain = TimeSpan.FromSeconds(1);

    private readonly IClusterObjects _objects = context.Objects;

    // Bindings run beside the scheduling loop.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ClaimBindings> _reserved = new(StringComparer.Ordinal);

    public string Name => "VolumeBinding";

    public ClusterEvents RetryOn => ClusterEvents.NodeAdded | ClusterEvents.NodeLabels | ClusterEvents.Storage;

    public ObjectKinds Needs(PodInfo pod) =>
        pod.Claims.Length > 0 ? ObjectKinds.Claims | ObjectKinds.Volumes | ObjectKinds.StorageClasses : ObjectKinds.None;

    public FilterPlan For(PodInfo pod, ClusterState cluster)
    {
        if (pod.Claims.Length == 0)
        {
            return FilterPlan.Skip;
        }
        if (ProblemOf(pod) is { } problem)
        {
            return FilterPlan.Refuse(Verdict.Unresolvable(problem));
        }
        var claims = pod.Claims.Select(key => _objects.Claim(key)!).ToArray();
        var bound = claims.Where(ClaimBinding.IsBound).ToArray();
        var waiting = claims.Except(bound).ToArray();
        return waiting.Any(c => !ClaimBinding.Waits(c, _objects))
            ? FilterPlan.Refuse(Verdict.Unresolvable("pod has unbound immediate PersistentVolumeClaims"))
            : FilterPlan.With(new Filter(bound, waiting, this, cluster), isVolatile: true);
    }

    public Verdict? Reserve(PodInfo pod, int node)
    {
        if (pod.Claims.Length == 0)
        {
            return null;
        }
        var waiting = pod.Claims.Select(_objects.Claim).OfType<V1PersistentVolumeClaim>().Where(c => !ClaimBinding.IsBound(c));
        if (ClaimBinding.Find(waiting, context.Cluster.At(node), _objects, TakenBy) is not { } bindings)
        {
            return Filter.NothingToBind;
        }
        lock (_gate)
        {
            _reserved[pod.Uid] = bindings;
        }
        return null;
    }

    public void Unreserve(PodInfo pod, int node)
    {
        lock (_gate)
        {
            _reserved.Remove(pod.Uid);
        }
    }

    public bool Concerns(PodInfo pod, int node) => pod.Claims.Length > 0;

    public async Task<string?> PreBindAsync(PodInfo pod, string nodeName, CancellationToken cancellationToken)
    {
        if (Reserved(pod) is not { IsNothing: false } bindings || context.Client is not { } client || context.Time is not { } time)
        {
            return null;
        }
        try
        {
            foreach (var (claim, volume) in bindings.ToBind)
            {
                await client.PatchAsync<V1PersistentVolume>(new("", volume.Metadata.Name), ClaimRefTo(claim, volume), cancellationToken);
            }
            foreach (var claim in bindings.ToProvision)
            {
                await client.PatchAsync<V1PersistentVolumeClaim>(KeyOf(claim), SelectedNode(claim, nodeName), cancellationToken);
            }
        }
        catch (Exception e) when (e is ApiException or IOException)
        {
            // What was written stays true for the next attempt, or is corrected by it.
            return $"binding volumes: {e.Message}";
        }
        var problem = await BoundAsync(bindings, nodeName, time, cancellationToken);
        Unreserve(pod, -1);
        return problem;
    }

    private async Task<string?> BoundAsync(ClaimBindings bindings, string nodeName, TimeProvider time, CancellationToken cancellationToken)
    {
        var start = time.GetTimestamp();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            var waits = false;
            foreach (var claim in bindings.ToBind.Select(b => b.Claim).Concat(bindings.ToProvision))
            {
                if (_objects.Claim(KeyOf(claim)) is not { } now || now.Metadata.Uid != claim.Metadata.Uid)
                {
                    return $"binding volumes: persistentvolumeclaim \"{claim.Metadata.Name}\" not found";
                }
                var selected = now.Metadata.Annotations?.TryGetValue(ClaimBinding.SelectedNode, out var node) == true ? node : null;
                if (selected == nodeName)
                {
                    seen.Add(claim.Metadata.Name);
                }
                else if (seen.Contains(claim.Metadata.Name) && !ClaimBinding.IsBound(now))
                {
                    // The provisioner gave it back: another node must be tried.
                    return $"binding volumes: provisioning failed for PVC \"{claim.Metadata.Name}\"";
                }
                waits |= !ClaimBinding.IsBound(now);
            }
            if (!waits)
            {
                return null;
            }
            if (time.GetElapsedTime(start) >= context.Settings.VolumeBinding.BindTimeout)
            {
                return "binding volumes: timed out waiting for the condition";
            }
            await Task.Delay(LookAgain, time, cancellationToken);
        }
    }

    private string? ProblemOf(PodInfo pod)
    {
        foreach (var volume in pod.Pod.Spec.Volumes ?? [])
        {
            if (PodVolumes.ClaimNameOf(pod.Pod, volume) is not { } name)
            {
                continue;
            }
            if (_objects.Claim(new(pod.Key.Namespace, name)) is not { } claim)
            {
                return volume.Ephemeral is null
                    ? $"persistentvolumeclaim \"{name}\" not found"
                    : $"waiting for ephemeral volume controller to create the persistentvolumeclaim \"{name}\"";
            }
            if (claim.Status?.Phase == "Lost")
            {
                return $"persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{claim.Spec.VolumeName}\"";
            }
            if (claim.Metadata.DeletionTimestamp is not null)
            {
                return $"persistentvolumeclaim \"{name}\" is being deleted";
            }
            if (volume.Ephemeral is not null && (claim.Metadata.OwnerReferences ?? []).All(o => o.Uid != pod.Uid))
            {
                return $"PVC {pod.Key.Namespace}/{name} was not created for pod {pod.Key} (pod is not owner)";
            }
        }
        return null;
    }

    private ClaimBindings? Reserved(PodInfo pod)
    {
        lock (_gate)
        {
            return _reserved.GetValueOrDefault(pod.Uid);
        }
    }

    // The uid of the claim that a volume is reserved for.
    private string? TakenBy(string volume)
    {
        lock (_gate)
        {
            foreach (var bindings in _reserved.Values)
            {
                foreach (var (claim, taken) in bindings.ToBind)
                {
                    if (taken.Metadata.Name == volume)
                    {
                        return claim.Metadata.Uid;
                    }
                }
            }
        }
        return null;
    }

    private static ObjectKey KeyOf(V1PersistentVolumeClaim claim) => new(claim.Metadata.NamespaceProperty ?? "", claim.Metadata.Name);

    // As it was seen: somebody else may have taken the volume meanwhile.
    private static JsonObject ClaimRefTo(V1PersistentVolumeClaim claim, V1PersistentVolume volume) =>
        new()
        {
            ["metadata"] = new JsonObject { ["resourceVersion"] = volume.Metadata.ResourceVersion },
            ["spec"] = new JsonObject
            {
                ["claimRef"] = new JsonObject
                {
                    ["kind"] = "PersistentVolumeClaim",
                    ["apiVersion"] = "v1",
                    ["namespace"] = claim.Metadata.NamespaceProperty,
                    ["name"] = claim.Metadata.Name,
                    ["uid"] = claim.Metadata.Uid,
                },
            },
        };

    private static JsonObject SelectedNode(V1PersistentVolumeClaim claim, string nodeName) =>
        new()
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = claim.Metadata.Uid,
                ["annotations"] = new JsonObject { [ClaimBinding.SelectedNode] = nodeName },
            },
        };

    private sealed class Filter(
        V1PersistentVolumeClaim[] bound,
        V1PersistentVolumeClaim[] waiting,
        VolumeBindingPlugin plugin,
        ClusterState cluster
    ) : INodeFilter
    {
        public static readonly Verdict NothingToBind = Verdict.Unresolvable("node(s) didn't find available persistent volumes to bind");
        private static readonly Verdict Unreachable = Verdict.Unresolvable("node(s) didn't match PersistentVolume's node affinity");
        private static readonly Verdict Gone = Verdict.Unresolvable(
            "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
        );
        private static readonly Verdict UnreachableAndNothing = Verdict.Unresolvable([.. Unreachable.Reasons, .. NothingToBind.Reasons]);

        public Verdict Check(int node)
        {
            var info = cluster.At(node);
            var reachable = true;
            foreach (var claim in bound)
            {
                if (plugin._objects.Volume(claim.Spec.VolumeName) is not { } volume)
                {
                    return Gone;
                }
                reachable &= ClaimBinding.IsReachable(volume, info);
            }
            var bindable = waiting.Length == 0 || ClaimBinding.Find(waiting, info, plugin._objects, plugin.TakenBy) is not null;
            return (reachable, bindable) switch
            {
                (true, true) => Verdict.Pass,
                (true, false) => NothingToBind,
                (false, true) => Unreachable,
                _ => UnreachableAndNothing,
            };
        }
    }
}
