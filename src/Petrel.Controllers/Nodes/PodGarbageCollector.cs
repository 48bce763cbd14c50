using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Model;

namespace Petrel.Controllers.Nodes;

/// <summary>
/// Removes pods that nobody else will (upstream: pod-garbage-collector): the oldest of too many finished ones, those of nodes that do not
/// exist any more, those that were deleted before they had a node, and those that end on a node that is declared out of service.
/// </summary>
public sealed partial class PodGarbageCollector : IController
{
    private const string OutOfService = "node.kubernetes.io/out-of-service";
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(20);

    private readonly ControllerContext _context;
    private readonly ILogger _logger;

    // Nodes that pods name and that do not exist, and since when that is known.
    private readonly SortedDictionary<string, DateTimeOffset> _missing = new(StringComparer.Ordinal);

    public PodGarbageCollector(ControllerContext context)
    {
        _context = context;
        _logger = context.Logs.CreateLogger("pod-garbage-collector-controller");
    }

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        await _context.Caches.WaitAsync(cancellationToken);
        while (true)
        {
            try
            {
                await CollectAsync(cancellationToken);
            }
            catch (Exception e) when (e is ApiException or IOException)
            {
                LogRetry(_logger, e.Message);
            }
            await Task.Delay(Period, _context.Time, cancellationToken);
        }
    }

    private async ValueTask CollectAsync(CancellationToken cancellationToken)
    {
        var pods = _context.Caches.Pods.Snapshot.Values.ToList();
        var finished = pods.Where(p => p.Status?.Phase is "Succeeded" or "Failed").OrderBy(p => p.Metadata.CreationTimestamp).ToList();
        foreach (var pod in finished.Take(Math.Max(0, finished.Count - _context.Settings.TerminatedPodThreshold)))
        {
            await RemoveAsync(pod, "", cancellationToken);
        }
        var gone = await MissingNodesAsync(pods, cancellationToken);
        foreach (var pod in pods)
        {
            var node = pod.Spec.NodeName ?? "";
            var terminating = pod.Metadata.DeletionTimestamp is not null;
            if (gone.Contains(node))
            {
                await RemoveAsync(pod, "PodGC: node no longer exists", cancellationToken);
            }
            else if (terminating && node.Length == 0)
            {
                await RemoveAsync(pod, "", cancellationToken);
            }
            else if (
                terminating
                && _context.Caches.Nodes.Get(new("", node)) is { } on
                && NodeHealthPlan.StatusOf(on, "Ready") != "True"
                && on.Spec?.Taints?.Any(t => t.Key == OutOfService) == true
            )
            {
                await RemoveAsync(pod, "PodGC: deleting due to the node's out-of-service taint", cancellationToken);
            }
        }
    }

    // Nodes that were missing for the quarantine, and still are when asked now.
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
        var gone = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, since) in _missing)
        {
            if (
                now - since >= _context.Settings.OrphanedPodQuarantine
                && await _context.Client.FindAsync<V1Node>(new("", name), cancellationToken) is null
            )
            {
                gone.Add(name);
            }
        }
        return gone;
    }

    // Without grace: there is no agent to wait for. A pod that had not finished has failed.
    private async ValueTask RemoveAsync(V1Pod pod, string reason, CancellationToken cancellationToken)
    {
        var key = new ObjectKey(pod.Metadata.NamespaceProperty, pod.Metadata.Name);
        try
        {
            LogRemove(_logger, key, reason);
            if (reason.Length > 0 && pod.Status?.Phase is not ("Succeeded" or "Failed"))
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
            // It changed meanwhile: the next round looks again.
        }
    }

    [LoggerMessage(EventId = 6010, Level = LogLevel.Warning, Message = "Collecting pods failed and will be tried again: {Reason}")]
    private static partial void LogRetry(ILogger logger, string reason);

    [LoggerMessage(EventId = 6011, Level = LogLevel.Information, Message = "{Pod} is removed. {Reason}")]
    private static partial void LogRemove(ILogger logger, ObjectKey pod, string reason);
}
