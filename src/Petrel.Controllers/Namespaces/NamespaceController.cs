using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Model;

namespace Petrel.Controllers.Namespaces;

/// <summary>
/// Deletes the content of namespaces that are being deleted, then removes their finalizer (upstream: the namespace controller). Pods come
/// first: until they have ended, they may need the other objects.
/// </summary>
public sealed partial class NamespaceController : IController
{
    private const string Finalizer = "kubernetes";

    private readonly ControllerContext _context;
    private readonly ControllerLoop _loop;
    private readonly ApiDiscovery _discovery;
    private readonly NamespaceContentDeleter _content;

    public NamespaceController(ControllerContext context)
    {
        _context = context;
        _loop = new(context, "namespace-controller", SyncAsync, new() { MaxDelay = TimeSpan.FromSeconds(60) });
        _discovery = new(context.Client);
        _content = new(context.Client, context.Time);

        context.Caches.Namespaces.OnChange(change =>
        {
            if (change.New is { Metadata.DeletionTimestamp: not null } value)
            {
                _loop.EnqueueAfter(value.Key(), context.Settings.NamespaceDeletionDelay);
            }
        });
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var ns = await _context.Client.FindAsync<V1Namespace>(key, cancellationToken);
        if (ns?.Metadata.DeletionTimestamp is not { } deletedAt || ns.Spec?.Finalizers is not { Count: > 0 })
        {
            return null;
        }
        var report = await DeleteContentAsync(key.Name, new(deletedAt, TimeSpan.Zero), cancellationToken);
        if (NamespaceConditions.Compute(ns.Status?.Conditions, report, _context.Time.GetUtcNow()) is { } conditions)
        {
            ns.Status ??= new();
            ns.Status.Phase = "Terminating";
            ns.Status.Conditions = conditions;
            ns = await _context.Client.UpdateStatusAsync(ns, cancellationToken);
        }
        if (report.IsEmpty)
        {
            ns.Spec.Finalizers = [.. ns.Spec.Finalizers.Where(f => f != Finalizer)];
            await _context.Client.UpdateAsync(ns, cancellationToken, "finalize");
            LogEmptied(_loop.Logger, key);
            return null;
        }
        if (report.DiscoveryFailures.Count > 0 || report.ContentFailures.Count > 0)
        {
            // Retry with backoff: the cause may last.
            throw new NamespaceNotEmptiedException(string.Join(", ", [.. report.DiscoveryFailures, .. report.ContentFailures]));
        }
        return (report.Estimate / 2) + TimeSpan.FromSeconds(1);
    }

    private async ValueTask<NamespaceContentReport> DeleteContentAsync(
        string namespaceName,
        DateTimeOffset deletedAt,
        CancellationToken cancellationToken
    )
    {
        DiscoveredKinds discovered;
        try
        {
            discovered = await _discovery.ReadAsync(cancellationToken);
        }
        catch (Exception e) when (e is ApiException || ApiFailures.IsTransient(e, cancellationToken))
        {
            return new([e.Message], [], []);
        }
        string[] unknown = [.. discovered.Failures.Select(f => $"{f.Key}: {f.Value}")];
        var kinds = discovered.Preferred.Where(k => k.Namespaced && k.Supports("list", "delete")).ToList();
        var failures = new List<string>();
        var remaining = new List<RemainingContent>();
        foreach (var kind in kinds.Where(NamespaceContentDeleter.IsPods).Concat(kinds.Where(k => !NamespaceContentDeleter.IsPods(k))))
        {
            try
            {
                var content = await _content.DeleteAsync(kind, namespaceName, deletedAt, cancellationToken);
                remaining.Add(content);
                if (content.IsUnexpected)
                {
                    failures.Add(
                        $"unexpected items still remain in namespace: {namespaceName} for gvr: "
                            + $"{kind.Gvk.Group}/{kind.Gvk.Version}, Resource={kind.Plural}"
                    );
                }
            }
            catch (Exception e) when (e is ApiException || ApiFailures.IsTransient(e, cancellationToken))
            {
                failures.Add(e.Message);
            }
            if (NamespaceContentDeleter.IsPods(kind) && (failures.Count > 0 || remaining.Any(r => r.Count > 0)))
            {
                // The other kinds wait until the pods have ended.
                break;
            }
        }
        return new(unknown, failures, remaining);
    }

    [LoggerMessage(EventId = 3150, Level = LogLevel.Information, Message = "Namespace {Key} is empty; its finalizer is removed")]
    private static partial void LogEmptied(ILogger logger, ObjectKey key);
}

/// <summary>The content of a namespace could not be deleted. It is tried again.</summary>
internal sealed class NamespaceNotEmptiedException(string message) : Exception(message);
