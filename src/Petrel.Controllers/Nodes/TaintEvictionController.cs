using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Model;

namespace Petrel.Controllers.Nodes;

/// <summary>
/// Deletes pods from nodes whose NoExecute taints they don't tolerate, or not any longer (upstream: taint-eviction-controller).
/// </summary>
public sealed class TaintEvictionController : IController, IReconciler, IDisposable
{
    private readonly ControllerContext _context;
    private readonly ILogger _logger;
    private readonly EventRecorder _events;
    private readonly WorkQueue<ObjectKey> _queue;

    public TaintEvictionController(ControllerContext context)
    {
        _context = context;
        _logger = context.Logs.CreateLogger(Name);
        _events = context.Events(Name);
        _queue = new(context.Time);
        context.Caches.Pods.OnChange(change =>
        {
            if (change.New is { Spec.NodeName.Length: > 0 } pod)
            {
                _queue.Add(new(pod.Metadata.NamespaceProperty, pod.Metadata.Name));
            }
        });
        context.Caches.Nodes.OnChange(change =>
        {
            if (NoExecute(change.Old) != NoExecute(change.New))
            {
                foreach (var pod in context.Caches.Pods.OnNode(change.Latest.Metadata.Name))
                {
                    _queue.Add(new(pod.Metadata.NamespaceProperty, pod.Metadata.Name));
                }
            }
        });
    }

    /// <inheritdoc/>
    public string Name => "taint-eviction-controller";

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
        if (
            _context.Caches.Pods.Get(key) is not { Metadata.DeletionTimestamp: null } pod
            || pod.Status?.Phase is "Succeeded" or "Failed"
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
        _events.Record(pod, "Normal", "TaintManagerEviction", $"Marking for deletion Pod {key}");
        await _context.Client.PatchAsync<V1Pod>(
            key,
            DisruptionTarget.Patch(pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", now),
            cancellationToken,
            "status"
        );
        await _context.Client.DeleteAsync<V1Pod>(key, new() { Preconditions = new() { Uid = pod.Metadata.Uid } }, cancellationToken);
        return null;
    }

    private static string NoExecute(V1Node? node) =>
        string.Join(
            ',',
            (node?.Spec?.Taints ?? []).Where(t => t.Effect == "NoExecute").Select(t => $"{t.Key}={t.Value}@{t.TimeAdded?.Ticks}")
        );
}
