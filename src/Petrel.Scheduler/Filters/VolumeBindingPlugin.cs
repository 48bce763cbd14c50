using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Client;
using Petrel.Model;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Events;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Settings;

namespace Petrel.Scheduler.Filters;

/// <summary>
/// Pods go to nodes where their volumes are or can be. A bound claim needs a node that matches the volume's node affinity. A claim that
/// waits for a consumer needs a node where a volume is free or can be provisioned. Before the pod is bound, the plugin writes the volume's
/// claimRef or the claim's selected node, and waits until the claims are bound.
/// </summary>
internal sealed class VolumeBindingPlugin(
    ClusterState clusterState,
    IClusterObjects objects,
    VolumeBindingArgs args,
    ApiClient? client,
    TimeProvider? time
) : IFilterPlugin, IReservePlugin, IPreBindPlugin, IQueueingHints
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromSeconds(1);

    // Pre-bind runs beside the scheduling loop, on other threads.
    private readonly Lock _gate = new();
    private readonly Dictionary<string, ClaimBindings> _reserved = new(StringComparer.Ordinal);

    public string Name => "VolumeBinding";

    private IClusterObjects Objects => objects;

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
            return FilterPlan.Refuse(Status.Unresolvable(problem));
        }
        var claims = pod.Claims.Select(key => objects.Claim(key)!).ToArray();
        var bound = claims.Where(ClaimBinding.IsBound).ToArray();
        var waiting = claims.Except(bound).ToArray();
        return waiting.Any(c => !ClaimBinding.Waits(c, objects))
            ? FilterPlan.Refuse(Status.Unresolvable("pod has unbound immediate PersistentVolumeClaims"))
            : FilterPlan.With(new Filter(bound, waiting, this, cluster), isVolatile: true);
    }

    public Status? Reserve(PodInfo pod, int node)
    {
        if (pod.Claims.Length == 0)
        {
            return null;
        }
        var waiting = pod.Claims.Select(objects.Claim).OfType<V1PersistentVolumeClaim>().Where(c => !ClaimBinding.IsBound(c));
        if (ClaimBinding.Find(waiting, clusterState.At(node), objects, ReservedFor) is not { } bindings)
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
        if (Reserved(pod) is not { IsNothing: false } bindings || client is null || time is null)
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
                await client.PatchAsync<V1PersistentVolumeClaim>(claim.Key(), SelectedNode(claim, nodeName), cancellationToken);
            }
        }
        catch (Exception e) when (e is ApiException || ApiFailures.IsTransient(e, cancellationToken))
        {
            // The next attempt keeps what was written, or corrects it.
            return $"binding volumes: {e.Message}";
        }
        var problem = await WaitUntilBoundAsync(bindings, nodeName, time, cancellationToken);
        Unreserve(pod, -1);
        return problem;
    }

    private async Task<string?> WaitUntilBoundAsync(
        ClaimBindings bindings,
        string nodeName,
        TimeProvider clock,
        CancellationToken cancellationToken
    )
    {
        var start = clock.GetTimestamp();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        while (true)
        {
            var waits = false;
            foreach (var claim in bindings.ToBind.Select(b => b.Claim).Concat(bindings.ToProvision))
            {
                if (objects.Claim(claim.Key()) is not { } now || now.Metadata.Uid != claim.Metadata.Uid)
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
                    // The provisioner removed the selected node: the pod must try another one.
                    return $"binding volumes: provisioning failed for PVC \"{claim.Metadata.Name}\"";
                }
                waits |= !ClaimBinding.IsBound(now);
            }
            if (!waits)
            {
                return null;
            }
            if (clock.GetElapsedTime(start) >= args.BindTimeout)
            {
                return "binding volumes: timed out waiting for the condition";
            }
            await Task.Delay(PollInterval, clock, cancellationToken);
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
            if (objects.Claim(new(pod.Key.Namespace, name)) is not { } claim)
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

    // The uid of the claim that the volume is reserved for; null when it is free.
    private string? ReservedFor(string volume)
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

    // With the resource version as the precondition: another client may have bound the volume since.
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
        public static readonly Status NothingToBind = Status.Unresolvable("node(s) didn't find available persistent volumes to bind");
        private static readonly Status Unreachable = Status.Unresolvable("node(s) didn't match PersistentVolume's node affinity");
        private static readonly Status VolumeMissing = Status.Unresolvable(
            "node(s) unavailable due to one or more pvc(s) bound to non-existent pv(s)"
        );
        private static readonly Status UnreachableAndNothingToBind = Status.Unresolvable([
            .. Unreachable.Reasons,
            .. NothingToBind.Reasons,
        ]);

        public Status Check(int node)
        {
            var info = cluster.At(node);
            var reachable = true;
            foreach (var claim in bound)
            {
                if (plugin.Objects.Volume(claim.Spec.VolumeName) is not { } volume)
                {
                    return VolumeMissing;
                }
                reachable &= ClaimBinding.IsReachable(volume, info);
            }
            var bindable = waiting.Length == 0 || ClaimBinding.Find(waiting, info, plugin.Objects, plugin.ReservedFor) is not null;
            return (reachable, bindable) switch
            {
                (true, true) => Status.Success,
                (true, false) => NothingToBind,
                (false, true) => Unreachable,
                _ => UnreachableAndNothingToBind,
            };
        }
    }
}
