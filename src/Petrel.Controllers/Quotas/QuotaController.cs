using System.Text;
using System.Text.Json.Nodes;
using k8s;
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
/// Counts the usage of each quota's namespace and writes it to the quota's status (upstream: resourcequota-controller). Admission charges a
/// quota in the commit that stores an object. The count reads objects after the quota and writes with the quota's resourceVersion: so it
/// never misses an object.
/// </summary>
public sealed partial class QuotaController : IController
{
    // The longest duration of a request. A request that was admitted under the old limit has ended after this time.
    private static readonly TimeSpan RequestsEnd = TimeSpan.FromSeconds(60);

    private readonly ControllerContext _context;
    private readonly ClusterCaches _caches;
    private readonly ControllerLoop _loop;
    private readonly KindMonitors _monitors;

    public QuotaController(ControllerContext context)
    {
        _context = context;
        _caches = context.Caches;
        // A quota that admission charges all the time gets counted between two charges: retry often.
        _loop = new(context, "resourcequota-controller", SyncAsync, new() { MaxDelay = TimeSpan.FromSeconds(10) });
        _monitors = context.Monitors;
        _monitors.Follow(IsCounted, OnOtherKind, OnListed);

        _loop.Watch(_caches.ResourceQuotas, change => QuotaTriggers.NeedsCount(change) ? [change.Latest.Key()] : []);
        _caches.ResourceQuotas.OnChange(FollowCounted);
        _loop.Watch(_caches.Pods, change => QuotaTriggers.FreesUsage(change) ? QuotasOf(change.Latest, "", "pods") : []);
        _loop.Watch(_caches.Services, change => QuotaTriggers.FreesUsage(change) ? QuotasOf(change.Latest, "", "services") : []);
        _loop.AlsoRun(ResyncAsync);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
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
                // Without a resourceVersion, the list is current: not older than the quota that was just read.
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
        LogCounted(_loop.Logger, key);
        return isNew ? RequestsEnd : null;
    }

    private async ValueTask<JsonObject> ReadAsync(string path, CancellationToken cancellationToken) =>
        JsonNode.Parse((await _context.Client.SendAsync("GET", path, [], null, "", cancellationToken)).Body.Span)!.AsObject();

    /// <summary>Counts all quotas periodically: some usage ends without a change.</summary>
    private async Task ResyncAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        while (true)
        {
            await Task.Delay(_context.Settings.QuotaResyncPeriod, _context.Time, cancellationToken);
            _loop.Enqueue(_caches.ResourceQuotas.Snapshot.Keys);
        }
    }

    private bool IsCounted(ResourceKind kind) =>
        IsOther(kind)
        && kind.Supports("list", "watch")
        && _caches.ResourceQuotas.Snapshot.Values.Any(quota => QuotaTriggers.Counts(quota, kind.Gvk.Group, kind.Plural));

    // Pods and Services are watched with their spec and status, all other kinds by their metadata.
    private static bool IsOther(ResourceKind kind) => kind is { Namespaced: true } and not { Gvk.Group: "", Plural: "pods" or "services" };

    private void OnOtherKind(ResourceKind kind, CacheChange<ObjectMetadata> change)
    {
        if (change is { New: null, Old: { } gone } && IsOther(kind))
        {
            _loop.Enqueue(QuotasIn(gone.Key.Namespace, kind.Gvk.Group, kind.Plural));
        }
    }

    // The first quota that counts a kind begins its watch at once.
    private void FollowCounted(CacheChange<V1ResourceQuota> change)
    {
        if (
            QuotaTriggers.NeedsCount(change)
            && (
                QuotaTriggers.CountsUnknown(change.New!, _monitors.Kinds.Preferred)
                || _monitors.Kinds.Preferred.Any(kind => IsCounted(kind) && !_monitors.IsFollowed(kind))
            )
        )
        {
            _monitors.Refresh();
        }
    }

    // What was deleted between the count and the first list is not known: count again.
    private void OnListed(ResourceKind kind)
    {
        if (IsOther(kind))
        {
            _loop.Enqueue(
                _caches
                    .ResourceQuotas.Snapshot.Values.Where(quota => QuotaTriggers.Counts(quota, kind.Gvk.Group, kind.Plural))
                    .Select(quota => quota.Key())
            );
        }
    }

    private IEnumerable<ObjectKey> QuotasOf(IKubernetesObject<V1ObjectMeta> value, string group, string plural) =>
        QuotasIn(value.Metadata.NamespaceProperty, group, plural);

    private IEnumerable<ObjectKey> QuotasIn(string namespaceName, string group, string plural) =>
        _caches
            .ResourceQuotas.InNamespace(namespaceName)
            .Where(quota => QuotaTriggers.Counts(quota, group, plural))
            .Select(quota => quota.Key());

    [LoggerMessage(EventId = 3160, Level = LogLevel.Debug, Message = "Updated the usage of quota {Key}")]
    private static partial void LogCounted(ILogger logger, ObjectKey key);
}
