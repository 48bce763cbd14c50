using System.Text;
using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Monitoring;
using Petrel.Model;
using Petrel.Model.Quotas;

namespace Petrel.Controllers.Quotas;

/// <summary>
/// Counts what each quota's namespace uses and writes it to the quota's status (upstream: resourcequota-controller). Admission charges a
/// quota in the commit that stores an object; so a count of objects as they were at or after the quota's version, written on the condition
/// that the quota is still of that version, never misses one.
/// </summary>
public sealed partial class QuotaController : IController, IReconciler, IDisposable
{
    // No request lasts longer: one that had not seen a new limit when it was counted has ended by then.
    private static readonly TimeSpan RequestsEnd = TimeSpan.FromSeconds(60);

    private readonly ControllerContext _context;
    private readonly ILogger _logger;
    private readonly KindMonitors _monitors;
    private readonly WorkQueue<ObjectKey> _queue;

    public QuotaController(ControllerContext context)
    {
        _context = context;
        _logger = context.Logs.CreateLogger(Name);
        // Quotas that are charged all the time are counted between two charges, sooner or later.
        _queue = new(context.Time, maxDelay: TimeSpan.FromSeconds(10));
        _monitors = new(context.Client, context.Time, context.Entropy, _logger, OtherChanged, IsFollowed);
        context.Caches.ResourceQuotas.OnChange(change =>
        {
            if (QuotaTriggers.Wants(change))
            {
                _queue.Add(KeyOf(change.Latest));
            }
        });
        context.Caches.Pods.OnChange(change =>
        {
            if (QuotaTriggers.Frees(change))
            {
                Enqueue(change.Latest.Metadata.NamespaceProperty, "", "pods");
            }
        });
        context.Caches.Services.OnChange(change =>
        {
            if (QuotaTriggers.Frees(change))
            {
                Enqueue(change.Latest.Metadata.NamespaceProperty, "", "services");
            }
        });
    }

    /// <inheritdoc/>
    public string Name => "resourcequota-controller";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        using (this)
        {
            await _context.Caches.WaitAsync(cancellationToken);
            await Loops.RunTogetherAsync(
                cancellationToken,
                stop => _monitors.RunAsync(_context.Settings.DiscoveryPeriod, stop),
                ResyncAsync,
                new ReconcilerHost(this, _queue, _logger, _context.Settings.Workers).RunAsync
            );
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    /// <summary>Counts for one quota.</summary>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        await _monitors.WaitForKindsAsync(cancellationToken);
        var path = TypedKind<V1ResourceQuota>.Path(key.Namespace, key.Name);
        JsonObject quota;
        try
        {
            quota = await ReadAsync(path, cancellationToken);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            return null;
        }
        var objects = new List<((string Group, string Plural) Resource, IReadOnlyList<JsonObject> Items)>();
        foreach (var resource in QuotaUsage.Counted(quota))
        {
            if (
                _monitors.Kinds.Preferred.FirstOrDefault(k => k.Gvk.Group == resource.Group && k.Plural == resource.Plural) is
                { Namespaced: true } kind
            )
            {
                // Without a resourceVersion: as of now, so not before the quota as it was just read.
                var list = await ReadAsync(kind.Path(key.Namespace), cancellationToken);
                objects.Add((resource, [.. (list["items"] as JsonArray)?.OfType<JsonObject>() ?? []]));
            }
        }
        if (QuotaUsage.Status(quota, QuotaUsage.Sum(quota, objects, _context.Time.GetUtcNow())) is not { } status)
        {
            return null;
        }
        var isNew = !JsonNode.DeepEquals(quota["status"]?["hard"], status["hard"]);
        quota["status"] = status;
        await _context.Client.SendAsync(
            "PUT",
            path + "/status",
            [],
            Encoding.UTF8.GetBytes(quota.ToJsonString()),
            "application/json",
            cancellationToken
        );
        LogCounted(_logger, key);
        return isNew ? RequestsEnd : null;
    }

    private async ValueTask<JsonObject> ReadAsync(string path, CancellationToken cancellationToken) =>
        JsonNode.Parse((await _context.Client.SendAsync("GET", path, [], null, "", cancellationToken)).Body.Span)!.AsObject();

    /// <summary>Counts everything anew from time to time: some uses end by time alone.</summary>
    private async Task ResyncAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (true)
        {
            await Task.Delay(_context.Settings.QuotaResyncPeriod, _context.Time, cancellationToken);
            foreach (var key in _context.Caches.ResourceQuotas.Snapshot.Keys)
            {
                _queue.Add(key);
            }
        }
    }

    // Pods and services are known better than by their metadata.
    private bool IsFollowed(ResourceKind kind) =>
        kind is { Namespaced: true } and not { Gvk.Group: "", Plural: "pods" or "services" }
        && kind.Supports("list", "watch")
        && _context.Caches.ResourceQuotas.Snapshot.Values.Any(quota => QuotaTriggers.Counts(quota, kind.Gvk.Group, kind.Plural));

    private void OtherChanged(ResourceKind kind, CacheChange<ObjectMetadata> change)
    {
        if (change is { New: null, Old: { } gone })
        {
            Enqueue(gone.Key.Namespace, kind.Gvk.Group, kind.Plural);
        }
    }

    private void Enqueue(string namespaceName, string group, string plural)
    {
        foreach (var quota in _context.Caches.ResourceQuotas.ByIndex(ClusterCaches.ByNamespace, namespaceName))
        {
            if (QuotaTriggers.Counts(quota, group, plural))
            {
                _queue.Add(KeyOf(quota));
            }
        }
    }

    private static ObjectKey KeyOf(V1ResourceQuota quota) => new(quota.Metadata.NamespaceProperty, quota.Metadata.Name);

    [LoggerMessage(EventId = 3160, Level = LogLevel.Debug, Message = "The usage of quota {Key} is counted")]
    private static partial void LogCounted(ILogger logger, ObjectKey key);
}
