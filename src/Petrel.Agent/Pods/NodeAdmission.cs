using k8s.Models;
using Petrel.Agent.Nodes;
using Petrel.Model.Documents;

namespace Petrel.Agent.Pods;

/// <summary>Why a pod can't run on this node, in upstream's words.</summary>
internal sealed record Refusal(string Reason, string Message);

/// <summary>
/// The node's own word on a pod that was assigned to it (upstream: kubelet admission): two schedulers, or a user who writes
/// <c>spec.nodeName</c>, may have promised more than there is.
/// </summary>
internal sealed class NodeAdmission(AgentSettings settings)
{
    private readonly Dictionary<string, (long MilliCpu, long Memory)> _admitted = [];

    /// <summary>Takes the pod into account, or answers why not. A pod that has begun here before is not asked again.</summary>
    public Refusal? Admit(V1Pod pod)
    {
        if (pod.Status?.Phase is "Succeeded" or "Failed")
        {
            return null;
        }
        var wanted = (MilliCpu: Request(pod, "cpu", q => q.MilliValue), Memory: Request(pod, "memory", q => q.Value));
        var used = (MilliCpu: _admitted.Values.Sum(r => r.MilliCpu), Memory: _admitted.Values.Sum(r => r.Memory));
        var isNew = pod.Status?.StartTime is null && pod.Metadata.DeletionTimestamp is null;
        var refusal =
            !isNew ? null
            : _admitted.Count >= settings.MaxPods ? Lacks("pods", 1, _admitted.Count, settings.MaxPods)
            : wanted.MilliCpu > 0 && used.MilliCpu + wanted.MilliCpu > settings.MilliCpu
                ? Lacks("cpu", wanted.MilliCpu, used.MilliCpu, settings.MilliCpu)
            : wanted.Memory > 0 && used.Memory + wanted.Memory > settings.Memory
                ? Lacks("memory", wanted.Memory, used.Memory, settings.Memory)
            : null;
        if (refusal is null)
        {
            _admitted[pod.Metadata.Uid] = wanted;
        }
        return refusal;
    }

    /// <summary>A pod that has ended gives back what it had.</summary>
    public void Update(V1Pod pod)
    {
        if (pod.Status?.Phase is "Succeeded" or "Failed")
        {
            Forget(pod.Metadata.Uid);
        }
    }

    public void Forget(string uid) => _admitted.Remove(uid);

    private static Refusal Lacks(string resource, long requested, long used, long capacity) =>
        new(
            $"OutOf{resource}",
            $"Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, capacity: {capacity}"
        );

    // What the pod holds at its widest: all containers and sidecars, or an init container with the sidecars before it.
    private static long Request(V1Pod pod, string resource, Func<Quantity, long> of)
    {
        long sidecars = 0,
            widestInit = 0;
        foreach (var init in pod.Spec.InitContainers ?? [])
        {
            var own = Amount(init.Resources?.Requests, resource, of);
            if (PodStatusBuilder.IsSidecar(init))
            {
                sidecars += own;
                widestInit = Math.Max(widestInit, sidecars);
            }
            else
            {
                widestInit = Math.Max(widestInit, sidecars + own);
            }
        }
        var mains = sidecars + pod.Spec.Containers.Sum(c => Amount(c.Resources?.Requests, resource, of));
        return Math.Max(mains, widestInit) + Amount(pod.Spec.Overhead, resource, of);
    }

    private static long Amount(IDictionary<string, ResourceQuantity>? list, string name, Func<Quantity, long> of) =>
        list is not null && list.TryGetValue(name, out var value) ? of(Quantity.Parse(value.ToString())) : 0;
}
