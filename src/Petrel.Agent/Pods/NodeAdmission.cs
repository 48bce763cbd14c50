using k8s.Models;
using Petrel.Agent.Nodes;
using Petrel.Workloads;

namespace Petrel.Agent.Pods;

/// <summary>Why a pod can't run on this node, with the same reasons and messages as upstream.</summary>
internal sealed record Refusal(string Reason, string Message);

/// <summary>
/// Checks the pods that are assigned to this node (upstream: the predicates of the kubelet's admission). Two schedulers, or users who set
/// <c>spec.nodeName</c>, may assign pods that the node has no room for or that may not run there.
/// </summary>
internal sealed class NodeAdmission(AgentSettings settings)
{
    /// <summary>The reason of a pod whose node selector or node affinity does not match the node.</summary>
    public const string NodeAffinity = "NodeAffinity";

    private readonly Dictionary<string, (ResourceList Requests, HostPortClaim[] Ports)> _admitted = [];

    /// <summary>
    /// Reserves what the pod requests, or returns the reason for the refusal. A pod that has already started on this node is always
    /// admitted.
    /// </summary>
    /// <param name="pod">The pod.</param>
    /// <param name="node">The node as the API shows it; null while the agent has not read it yet.</param>
    public Refusal? Admit(V1Pod pod, V1Node? node)
    {
        if (pod.IsFinished())
        {
            return null;
        }
        var requests = PodRequests.Of(pod);
        var ports = HostPortClaim.Of(pod.Spec);
        var isNew = pod.Status?.StartTime is null && pod.Metadata.DeletionTimestamp is null;
        // As upstream, the first failed check decides.
        var refusal = !isNew
            ? null
            : WrongSystem(pod) ?? AppArmor(pod) ?? Lacks(requests, node) ?? Misplaced(pod, node) ?? PortTaken(ports) ?? Tainted(pod, node);
        if (refusal is null)
        {
            _admitted[pod.Metadata.Uid] = (requests, ports);
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

    private static Refusal? WrongSystem(V1Pod pod) =>
        pod.Spec.Os?.Name is { Length: > 0 } system && system != "linux"
            ? new("PodOSNotSupported", "Failed to admit pod as the OS field doesn't match node OS")
            : null;

    // As upstream on a host without AppArmor. The agent can't apply AppArmor profiles, so a pod that requires one must not run without.
    private static Refusal? AppArmor(V1Pod pod)
    {
        var profiles = pod
            .Spec.Containers.Concat(pod.Spec.InitContainers ?? [])
            .Select(c => c.SecurityContext?.AppArmorProfile ?? pod.Spec.SecurityContext?.AppArmorProfile);
        return profiles.Any(p => p is not null && p.Type != "Unconfined")
            ? new("AppArmor", "Cannot enforce AppArmor: AppArmor profiles are not supported by this node's agent")
            : null;
    }

    private Refusal? Lacks(ResourceList requests, V1Node? node)
    {
        if (_admitted.Count >= settings.MaxPods)
        {
            return Lacks("pods", 1, _admitted.Count, settings.MaxPods);
        }
        var extended = ExtendedResources.Of(node);
        foreach (var (name, requested) in requests.All)
        {
            long? capacity = name switch
            {
                ResourceList.CpuName => settings.MilliCpu,
                ResourceList.MemoryName => settings.Memory,
                ResourceList.EphemeralStorageName => settings.EphemeralStorage,
                // A resource that the node does not name may belong to the cluster as a whole.
                _ => extended.Others?.TryGetValue(name, out var amount) == true ? amount : null,
            };
            var used = _admitted.Values.Sum(r => r.Requests.Of(name));
            if (requested > 0 && capacity is { } limit && used + requested > limit)
            {
                return Lacks(name, requested, used, limit);
            }
        }
        return null;
    }

    private static Refusal Lacks(string resource, long requested, long used, long capacity) =>
        new(
            $"OutOf{resource}",
            $"Node didn't have enough resource: {resource}, requested: {requested}, used: {used}, capacity: {capacity}"
        );

    private static Refusal? Misplaced(V1Pod pod, V1Node? node) =>
        node is not null && !new RequiredNodeAffinity(pod.Spec).Matches(node)
            ? Failed(NodeAffinity, "node(s) didn't match Pod's node affinity/selector")
            : null;

    private Refusal? PortTaken(HostPortClaim[] ports) =>
        _admitted.Values.Any(other => other.Ports.Any(taken => ports.Any(taken.ConflictsWith)))
            ? Failed("NodePorts", "node(s) didn't have free ports for the requested pod ports")
            : null;

    private static Refusal? Tainted(V1Pod pod, V1Node? node) =>
        Tolerations.AllowRunning(pod.Spec.Tolerations, node?.Spec?.Taints)
            ? null
            : Failed("TaintToleration", "node(s) had taints that the pod didn't tolerate");

    private static Refusal Failed(string predicate, string reason) => new(predicate, $"Predicate {predicate} failed: {reason}");
}
