using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Nodes;

/// <summary>
/// Detects nodes without a heartbeat (upstream: node-lifecycle-controller). Their conditions become Unknown, taints keep new pods away and
/// evict running ones, and their pods become unready. The grace period counts by this controller's clock from when it saw the lease change,
/// because the node's clock may differ.
/// </summary>
public sealed partial class NodeLifecycleController : IController
{
    private const string LeaseNamespace = "kube-node-lease";

    private readonly ControllerContext _context;
    private readonly ControllerLoop _loop;

    // The nodes that this controller knows, with their last heartbeats and when it saw them. There is one worker only.
    private readonly Dictionary<string, (V1Node Node, string Heartbeat, DateTimeOffset SeenAt)> _known = [];

    public NodeLifecycleController(ControllerContext context)
    {
        _context = context;
        _loop = new(context, "node-lifecycle-controller", SyncAsync, new() { Workers = 1, EventSource = "node-controller" });

        _loop.Watch(context.Caches.Nodes);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_context.Caches.Nodes.Get(key) is not { } node)
        {
            if (_known.Remove(key.Name, out var gone))
            {
                _loop.Events.Record(gone.Node, "Normal", "RemovingNode", $"Removing Node {key.Name} from Controller");
            }
            return null;
        }
        var now = _context.Time.GetUtcNow();
        var plan = NodeHealthPlan.Compute(node, LastSeen(node, now), now, _context.Settings.NodeMonitorGracePeriod);
        if (plan.IsUnknown)
        {
            LogUnreachable(_loop.Logger, node.Metadata.Name);
            var wasReady = NodeHealthPlan.StatusOf(node, "Ready") == "True";
            var status = new JsonObject { ["conditions"] = ConditionalPatch.Json(NodeHealthPlan.UnknownConditions(node, now)) };
            node = await PatchAsync(node, "status", status, "status", cancellationToken);
            if (wasReady)
            {
                // What a node's own agent reports is the agent's event.
                _loop.Events.Record(node, "Normal", "NodeNotReady", $"Node {key.Name} status is now: NodeNotReady");
            }
        }
        if (plan.Taints is { } taints)
        {
            node = await PatchAsync(node, "spec", new() { ["taints"] = ConditionalPatch.Json(taints) }, null, cancellationToken);
        }
        // A live agent reports itself which of its pods are ready.
        if (NodeHealthPlan.StatusOf(node, "Ready") == "Unknown")
        {
            await MarkPodsNotReadyAsync(node, now, cancellationToken);
        }
        return _context.Settings.NodeMonitorPeriod;
    }

    // When the heartbeat of the node last changed. A node that is new to this controller was seen just now.
    private DateTimeOffset LastSeen(V1Node node, DateTimeOffset now)
    {
        var renewed = _context.Caches.Leases.Get(new(LeaseNamespace, node.Metadata.Name))?.Spec?.RenewTime;
        var ready = node.Status?.Conditions?.FirstOrDefault(c => c.Type == "Ready");
        var heartbeat = $"{node.Metadata.Uid} {renewed?.Ticks} {ready?.LastHeartbeatTime?.Ticks}";
        var isKnown = _known.TryGetValue(node.Metadata.Name, out var last);
        if (!isKnown || last.Node.Metadata.Uid != node.Metadata.Uid)
        {
            _loop.Events.Record(node, "Normal", "RegisteredNode", $"Registered Node {node.Metadata.Name} in Controller");
        }
        if (!isKnown || last.Heartbeat != heartbeat)
        {
            _known[node.Metadata.Name] = last = (node, heartbeat, now);
        }
        return last.SeenAt;
    }

    private async ValueTask<V1Node> PatchAsync(
        V1Node node,
        string field,
        JsonObject value,
        string? subresource,
        CancellationToken cancellationToken
    )
    {
        var patch = ConditionalPatch.For(node);
        patch[field] = value;
        var changed = await _context.Client.PatchAsync<V1Node>(node.Key(), patch, cancellationToken, subresource);
        await _context.Caches.Nodes.WaitForWriteAsync(changed, cancellationToken);
        return changed;
    }

    private async ValueTask MarkPodsNotReadyAsync(V1Node node, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var pods = _context.Caches.Pods.OnNode(node.Metadata.Name).Where(PodStates.IsReady).ToList();
        foreach (var pod in pods)
        {
            var conditions = pod.Status.Conditions.Select(c =>
                c.Type != "Ready"
                    ? c
                    : new V1PodCondition
                    {
                        Type = c.Type,
                        Status = "False",
                        Reason = "NodeNotReady",
                        Message = c.Message,
                        LastProbeTime = c.LastProbeTime,
                        LastTransitionTime = now.UtcDateTime,
                        ObservedGeneration = c.ObservedGeneration,
                    }
            );
            var patch = ConditionalPatch.For(pod);
            patch["status"] = new JsonObject { ["conditions"] = ConditionalPatch.Json(conditions.ToList()) };
            await _context.Client.PatchAsync<V1Pod>(pod.Key(), patch, cancellationToken, "status");
            _loop.Events.Record(pod, "Warning", "NodeNotReady", "Node is not ready");
        }
    }

    [LoggerMessage(
        EventId = 6001,
        Level = LogLevel.Warning,
        Message = "Node {Node} sent no heartbeat for its grace period: its state is unknown"
    )]
    private static partial void LogUnreachable(ILogger logger, string node);
}
