using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Model;

namespace Petrel.Controllers.Nodes;

/// <summary>
/// Notices nodes that went silent (upstream: node-lifecycle-controller): their conditions become Unknown, taints keep pods away and drive
/// those that are there out, and their pods are not ready any more. Silence is measured by our own clock, from when we saw the lease
/// change: the node's may differ.
/// </summary>
public sealed partial class NodeLifecycleController : IController, IReconciler, IDisposable
{
    private const string LeaseNamespace = "kube-node-lease";

    private readonly ControllerContext _context;
    private readonly ILogger _logger;
    private readonly EventRecorder _events;
    private readonly WorkQueue<ObjectKey> _queue;

    // One worker only: what was last seen of each node, and when that changed.
    private readonly Dictionary<string, (string Sign, DateTimeOffset Heard)> _heard = [];

    public NodeLifecycleController(ControllerContext context)
    {
        _context = context;
        _logger = context.Logs.CreateLogger(Name);
        _events = context.Events("node-controller");
        _queue = new(context.Time);
        context.Caches.Nodes.OnChange(change => _queue.Add(new("", change.Latest.Metadata.Name)));
    }

    /// <inheritdoc/>
    public string Name => "node-lifecycle-controller";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        using (this)
        {
            await _context.Caches.WaitAsync(cancellationToken);
            await Loops.RunTogetherAsync(cancellationToken, new ReconcilerHost(this, _queue, _logger).RunAsync, _events.RunAsync);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    /// <inheritdoc/>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_context.Caches.Nodes.Get(key) is not { } node)
        {
            _heard.Remove(key.Name);
            return null;
        }
        var now = _context.Time.GetUtcNow();
        var plan = NodeHealthPlan.Compute(node, Heard(node, now), now, _context.Settings.NodeMonitorGracePeriod);
        if (plan.IsUnknown)
        {
            LogSilent(_logger, node.Metadata.Name);
            var status = new JsonObject { ["conditions"] = Json(NodeHealthPlan.UnknownConditions(node, now)) };
            node = await PatchAsync(node, new JsonObject { ["status"] = status }, "status", cancellationToken);
        }
        if (plan.Taints is { } taints)
        {
            node = await PatchAsync(
                node,
                new JsonObject { ["spec"] = new JsonObject { ["taints"] = Json(taints) } },
                null,
                cancellationToken
            );
            if (!plan.IsReady && taints.Any(t => t.Effect == "NoExecute"))
            {
                _events.Record(node, "Normal", "NodeNotReady", $"Node {node.Metadata.Name} status is now: NodeNotReady");
            }
        }
        // An agent that lives says itself which of its pods are ready.
        if (NodeHealthPlan.StatusOf(node, "Ready") == "Unknown")
        {
            await MarkPodsNotReadyAsync(node, now, cancellationToken);
        }
        return _context.Settings.NodeMonitorPeriod;
    }

    // When something of the node was last seen to change. A node that is new to us has just been heard.
    private DateTimeOffset Heard(V1Node node, DateTimeOffset now)
    {
        var renewed = _context.Caches.Leases.Get(new(LeaseNamespace, node.Metadata.Name))?.Spec?.RenewTime;
        var ready = node.Status?.Conditions?.FirstOrDefault(c => c.Type == "Ready");
        var sign = $"{node.Metadata.Uid} {renewed?.Ticks} {ready?.LastHeartbeatTime?.Ticks}";
        if (!_heard.TryGetValue(node.Metadata.Name, out var last) || last.Sign != sign)
        {
            _heard[node.Metadata.Name] = last = (sign, now);
        }
        return last.Heard;
    }

    private async ValueTask<V1Node> PatchAsync(V1Node node, JsonObject patch, string? subresource, CancellationToken cancellationToken)
    {
        patch["metadata"] = new JsonObject { ["uid"] = node.Metadata.Uid, ["resourceVersion"] = node.Metadata.ResourceVersion };
        var changed = await _context.Client.PatchAsync<V1Node>(new("", node.Metadata.Name), patch, cancellationToken, subresource);
        await _context.Caches.Nodes.WaitForRevisionAsync(ulong.Parse(changed.Metadata.ResourceVersion), cancellationToken);
        return changed;
    }

    private async ValueTask MarkPodsNotReadyAsync(V1Node node, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var pods = _context
            .Caches.Pods.OnNode(node.Metadata.Name)
            .Where(p => p.Status?.Conditions?.Any(c => c is { Type: "Ready", Status: "True" }) == true)
            .ToList();
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
            var patch = new JsonObject
            {
                ["metadata"] = new JsonObject { ["uid"] = pod.Metadata.Uid, ["resourceVersion"] = pod.Metadata.ResourceVersion },
                ["status"] = new JsonObject { ["conditions"] = Json(conditions) },
            };
            await _context.Client.PatchAsync<V1Pod>(
                new(pod.Metadata.NamespaceProperty, pod.Metadata.Name),
                patch,
                cancellationToken,
                "status"
            );
            _events.Record(pod, "Warning", "NodeNotReady", "Node is not ready");
        }
    }

    private static JsonNode? Json<T>(IEnumerable<T> values) => JsonNode.Parse(KubernetesJson.Serialize(values.ToList()));

    [LoggerMessage(
        EventId = 6001,
        Level = LogLevel.Warning,
        Message = "Nothing was heard of {Node} for its grace period: its state is unknown"
    )]
    private static partial void LogSilent(ILogger logger, string node);
}
