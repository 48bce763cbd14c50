using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Jobs;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Nodes;

/// <summary>
/// Evicts pods from nodes with NoExecute taints that they do not tolerate, or no longer (upstream: taint-eviction-controller).
/// </summary>
public sealed class TaintEvictionController : IController
{
    private readonly ControllerContext _context;
    private readonly ControllerLoop _loop;

    public TaintEvictionController(ControllerContext context)
    {
        _context = context;
        _loop = new(context, "taint-eviction-controller", SyncAsync, new() { Workers = 1 });

        _loop.WatchExisting(context.Caches.Pods, pod => pod.Spec.NodeName is { Length: > 0 });
        _loop.Watch(context.Caches.Nodes, KeysOf);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    private IEnumerable<ObjectKey> KeysOf(CacheChange<V1Node> change) =>
        NoExecuteTaints(change.Old) == NoExecuteTaints(change.New)
            ? []
            : _context.Caches.Pods.OnNode(change.Latest.Metadata.Name).Select(pod => pod.Key());

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (
            _context.Caches.Pods.Get(key) is not { Metadata.DeletionTimestamp: null } pod
            || pod.IsFinished()
            || _context.Caches.Nodes.Get(new("", pod.Spec.NodeName ?? "")) is not { } node
        )
        {
            return null;
        }
        var now = _context.Time.GetUtcNow();
        if (EvictionPlan.Compute(pod, node.Spec?.Taints ?? [], now) is not { } due)
        {
            return null;
        }
        if (due > now)
        {
            return due - now;
        }
        _loop.Events.Record(pod, "Normal", "TaintManagerEviction", $"Marking for deletion Pod {key}");
        await _context.Client.PatchAsync<V1Pod>(
            key,
            DisruptionTarget.Patch(pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", now),
            cancellationToken,
            "status"
        );
        await _context.Client.DeleteAsync<V1Pod>(key, new() { Preconditions = new() { Uid = pod.Metadata.Uid } }, cancellationToken);
        return null;
    }

    private static string NoExecuteTaints(V1Node? node) =>
        string.Join(
            ',',
            (node?.Spec?.Taints ?? []).Where(t => t.Effect == "NoExecute").Select(t => $"{t.Key}={t.Value}@{t.TimeAdded?.Ticks}")
        );
}
