using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Jobs;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Nodes;

/// <summary>
/// Deletes pods that no other controller deletes (upstream: pod-garbage-collector): the oldest finished pods beyond a limit, pods of nodes
/// that do not exist, deleted pods that were never bound, and terminating pods on nodes with the out-of-service taint.
/// </summary>
public sealed partial class PodGarbageCollector : IController
{
    private const string OutOfService = "node.kubernetes.io/out-of-service";
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(20);

    private readonly ControllerContext _context;
    private readonly PeriodicLoop _loop;

    // The nodes that pods name and that do not exist, and when that was first seen.
    private readonly SortedDictionary<string, DateTimeOffset> _missing = new(StringComparer.Ordinal);

    public PodGarbageCollector(ControllerContext context)
    {
        _context = context;
        _loop = new(context, "pod-garbage-collector-controller", Period, CollectAsync);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    private async ValueTask CollectAsync(CancellationToken cancellationToken)
    {
        var pods = _context.Caches.Pods.Snapshot.Values.ToList();
        var finished = pods.Where(p => p.IsFinished()).OrderBy(p => p.Metadata.CreationTimestamp).ToList();
        foreach (var pod in finished.Take(Math.Max(0, finished.Count - _context.Settings.TerminatedPodThreshold)))
        {
            await RemoveAsync(pod, "", cancellationToken);
        }
        var missing = await MissingNodesAsync(pods, cancellationToken);
        foreach (var pod in pods)
        {
            var node = pod.Spec.NodeName ?? "";
            var terminating = pod.Metadata.DeletionTimestamp is not null;
            if (missing.Contains(node))
            {
                await RemoveAsync(pod, "PodGC: node no longer exists", cancellationToken);
            }
            else if (terminating && node.Length == 0)
            {
                await RemoveAsync(pod, "", cancellationToken);
            }
            else if (
                terminating
                && _context.Caches.Nodes.Get(new("", node)) is { } assigned
                && NodeHealthPlan.StatusOf(assigned, "Ready") != "True"
                && assigned.Spec?.Taints?.Any(t => t.Key == OutOfService) == true
            )
            {
                await RemoveAsync(pod, "PodGC: deleting due to the node's out-of-service taint", cancellationToken);
            }
        }
    }

    // The nodes that were missing for the whole quarantine, and still are in the API.
    private async ValueTask<HashSet<string>> MissingNodesAsync(List<V1Pod> pods, CancellationToken cancellationToken)
    {
        var now = _context.Time.GetUtcNow();
        var named = pods.Select(p => p.Spec.NodeName ?? "")
            .Where(n => n.Length > 0 && _context.Caches.Nodes.Get(new("", n)) is null)
            .ToHashSet(StringComparer.Ordinal);
        foreach (var back in _missing.Keys.Where(n => !named.Contains(n)).ToList())
        {
            _missing.Remove(back);
        }
        foreach (var name in named.Order(StringComparer.Ordinal))
        {
            _missing.TryAdd(name, now);
        }
        var missing = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, since) in _missing)
        {
            if (
                now - since >= _context.Settings.OrphanedPodQuarantine
                && await _context.Client.FindAsync<V1Node>(new("", name), cancellationToken) is null
            )
            {
                missing.Add(name);
            }
        }
        return missing;
    }

    // Without grace, because there is no agent to wait for. An unfinished pod becomes Failed.
    private async ValueTask RemoveAsync(V1Pod pod, string reason, CancellationToken cancellationToken)
    {
        var key = pod.Key();
        try
        {
            LogRemove(_loop.Logger, key, reason);
            if (reason.Length > 0 && !pod.IsFinished())
            {
                var patch = DisruptionTarget.Patch(pod, "DeletionByPodGC", reason, _context.Time.GetUtcNow());
                patch["status"]!["phase"] = "Failed";
                await _context.Client.PatchAsync<V1Pod>(key, patch, cancellationToken, "status");
            }
            await _context.Client.DeleteAsync<V1Pod>(
                key,
                new()
                {
                    GracePeriodSeconds = 0,
                    Preconditions = new() { Uid = pod.Metadata.Uid },
                },
                cancellationToken
            );
        }
        catch (ApiException e) when (e.IsNotFound || e.IsConflict)
        {
            // It changed meanwhile. The next sync checks it again.
        }
        catch (ApiException e) when (!ApiFailures.IsTransient(e, cancellationToken))
        {
            // A pod that the API refuses to change or to delete does not keep the others.
            LogRefused(_loop.Logger, key, e.Message);
        }
    }

    [LoggerMessage(EventId = 6011, Level = LogLevel.Information, Message = "Deleting pod {Pod}. {Reason}")]
    private static partial void LogRemove(ILogger logger, ObjectKey pod, string reason);

    [LoggerMessage(EventId = 6012, Level = LogLevel.Warning, Message = "The API refuses to delete pod {Pod}: {Reason}")]
    private static partial void LogRefused(ILogger logger, ObjectKey pod, string reason);
}
