using k8s.Models;
using Petrel.Agent.Nodes;
using Petrel.Workloads;

namespace Petrel.Agent.Pods;

/// <summary>Why a pod can't run on this node, in upstream's words.</summary>
internal sealed record Refusal(string Reason, string Message);

/// <summary>
/// The node's own check of a pod that was assigned to it (upstream: kubelet admission). Two schedulers, or a user who sets
/// <c>spec.nodeName</c>, may have assigned more than the node has.
/// </summary>
internal sealed class NodeAdmission(AgentSettings settings)
{
    private readonly Dictionary<string, (long MilliCpu, long Memory)> _admitted = [];

    /// <summary>
    /// Reserves what the pod requests, or returns why it can't. A pod that has started on this node before is always admitted.
    /// </summary>
    public Refusal? Admit(V1Pod pod)
    {
        if (pod.IsFinished())
        {
            return null;
        }
        var requests = PodRequests.Of(pod);
        var requested = (requests.MilliCpu, requests.Memory);
        var used = (MilliCpu: _admitted.Values.Sum(r => r.MilliCpu), Memory: _admitted.Values.Sum(r => r.Memory));
        var isNew = pod.Status?.StartTime is null && pod.Metadata.DeletionTimestamp is null;
        var refusal =
            !isNew ? null
            : _admitted.Count >= settings.MaxPods ? Lacks("pods", 1, _admitted.Count, settings.MaxPods)
            : requested.MilliCpu > 0 && used.MilliCpu + requested.MilliCpu > settings.MilliCpu
                ? Lacks("cpu", requested.MilliCpu, used.MilliCpu, settings.MilliCpu)
            : requested.Memory > 0 && used.Memory + requested.Memory > settings.Memory
                ? Lacks("memory", requested.Memory, used.Memory, settings.Memory)
            : null;
        if (refusal is null)
        {
            _admitted[pod.Metadata.Uid] = requested;
        }
        return refusal;
    }

    /// <summary>Releases what a pod has reserved once it is finished.</summary>
    public void Update(V1Pod pod)
    {
        if (pod.IsFinished())
        {
            Forget(pod.Metadata.Uid);
        }
    }

    /// <summary>Releases what a pod has reserved: it is gone.</summary>
    public void Forget(string uid) => _admitted.Remove(uid);

    private static Refusal Lacks(string resource, long requested, long used, long capacity) =>
        new(
            $"OutOf{resource}",
            $"Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, capacity: {capacity}"
        );
}
