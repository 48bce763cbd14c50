using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Scheduler.Gangs;

/// <summary>Writes the status of PodGroups, beside the scheduling loop.</summary>
internal sealed class PodGroupStatusWriter : IReconciler, IDisposable
{
    private const string ByGroup = "pod-group";

    private readonly ApiClient _client;
    private readonly SharedCache<PodGroup> _groups;
    private readonly SharedCache<V1Pod> _pods;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly WorkQueue<ObjectKey> _queue;

    public PodGroupStatusWriter(ApiClient client, SharedCache<PodGroup> groups, SharedCache<V1Pod> pods, TimeProvider time, ILogger logger)
    {
        (_client, _groups, _pods, _time, _logger) = (client, groups, pods, time, logger);
        _queue = new(time, maxDelay: TimeSpan.FromSeconds(60));
        pods.AddIndex(ByGroup, static pod => GroupOf(pod) is { } group ? [group.ToString()] : []);
        pods.OnChange(change =>
        {
            Enqueue(change.Old);
            Enqueue(change.New);
        });
        groups.OnChange(change => _queue.Add(change.Latest.Key()));
    }

    /// <inheritdoc/>
    public string Name => "pod-group-status";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        await new ReconcilerHost(this, _queue, _logger).RunAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_groups.Get(key) is not { } group)
        {
            return null;
        }
        var now = _time.GetUtcNow().UtcDateTime;
        // The API keeps whole seconds. With fractions, the written status would differ from the one that is read.
        var desired = PodGroupStatusPlan.Compute(
            group,
            [.. _pods.ByIndex(ByGroup, key.ToString())],
            new(now.Ticks - (now.Ticks % TimeSpan.TicksPerSecond), DateTimeKind.Utc)
        );
        if (PodGroupStatusPlan.Same(group.Status, desired))
        {
            return null;
        }
        // A status that was computed from an outdated cache is computed again later. The resource version prevents lost updates.
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject { ["uid"] = group.Metadata.Uid, ["resourceVersion"] = group.Metadata.ResourceVersion },
            ["status"] = JsonNode.Parse(KubernetesJson.Serialize(desired)),
        };
        await _client.PatchAsync<PodGroup>(key, patch, cancellationToken, "status");
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    private void Enqueue(V1Pod? pod)
    {
        if (pod is not null && GroupOf(pod) is { } group)
        {
            _queue.Add(group);
        }
    }

    private static ObjectKey? GroupOf(V1Pod pod) =>
        pod.Metadata.Labels is { } labels && labels.TryGetValue(PodGroup.MemberLabel, out var name) && name.Length > 0
            ? new(pod.Metadata.NamespaceProperty ?? "", name)
            : null;
}
