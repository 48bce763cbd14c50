using k8s.Models;
using Petrel.Agent.Nodes;
using Petrel.Workloads;

namespace Petrel.Agent.Pods;

/// <summary>Why a pod can't run on this node, with the same reasons and messages as upstream.</summary>
internal sealed record Refusal(string Reason, string Message);

/// <summary>
/// Checks the pods that are assigned to this node (upstream: kubelet admission). Two schedulers, or users who set <c>spec.nodeName</c>, may
/// assign pods that exceed the node's capacity.
/// </summary>
internal sealed class NodeAdmission(AgentSettings settings)
{
    private readonly Dictionary<string, (long MilliCpu, long Memory)> _admitted = [];

    /// <summary>
    /// Reserves the resources that the pod requests, or returns the reason for the refusal. A pod that has already started on this node is
    /// always admitted.
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

    /// <summary>Releases the resources of a pod once it is finished.</summary>
    public void Update(V1Pod pod)
    {
        if (pod.IsFinished())
        {
            Forget(pod.Metadata.Uid);
        }
    }

    /// <summary>Releases the resources of a deleted pod.</summary>
    public void Forget(string uid) => _admitted.Remove(uid);

    private static Refusal Lacks(string resource, long requested, long used, long capacity) =>
        new(
            $"OutOf{resource}",
            $"Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, capacity: {capacity}"
        );
}
