using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Model;

namespace Petrel.Controllers.Namespaces;

/// <summary>
/// Empties namespaces that are being deleted, then lets them go (upstream: the namespace controller): pods first, for they may need what
/// else is in the namespace until they have ended.
/// </summary>
public sealed partial class NamespaceController : IController, IReconciler, IDisposable
{
    private const string Finalizer = "kubernetes";

    private readonly ControllerContext _context;
    private readonly ILogger _logger;
    private readonly ApiDiscovery _discovery;
    private readonly NamespaceContentDeleter _content;
    private readonly WorkQueue<ObjectKey> _queue;

    public NamespaceController(ControllerContext context)
    {
        _context = context;
        _logger = context.Logs.CreateLogger(Name);
        _discovery = new(context.Client);
        _content = new(context.Client, context.Time);
        _queue = new(context.Time, maxDelay: TimeSpan.FromSeconds(60));
        context.Caches.Namespaces.OnChange(change =>
        {
            if (change.New is { Metadata.DeletionTimestamp: not null } value)
            {
                _queue.AddAfter(new("", value.Metadata.Name), context.Settings.NamespaceDeletionDelay);
            }
        });
    }

    /// <inheritdoc/>
    public string Name => "namespace-controller";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        using (this)
        {
            await _context.Caches.WaitAsync(cancellationToken);
            await new ReconcilerHost(this, _queue, _logger, _context.Settings.Workers).RunAsync(cancellationToken);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    /// <inheritdoc/>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var ns = await _context.Client.FindAsync<V1Namespace>(key, cancellationToken);
        if (ns?.Metadata.DeletionTimestamp is not { } deletedAt || ns.Spec?.Finalizers is not { Count: > 0 })
        {
            return null;
        }
        var findings = await EmptyAsync(key.Name, new(deletedAt, TimeSpan.Zero), cancellationToken);
        if (NamespaceConditions.Compute(ns.Status?.Conditions, findings, _context.Time.GetUtcNow()) is { } conditions)
        {
            ns.Status ??= new();
            ns.Status.Phase = "Terminating";
            ns.Status.Conditions = conditions;
            ns = await _context.Client.UpdateStatusAsync(ns, cancellationToken);
        }
        if (findings.IsEmpty)
        {
            ns.Spec.Finalizers = [.. ns.Spec.Finalizers.Where(f => f != Finalizer)];
            await _context.Client.UpdateAsync(ns, cancellationToken, "finalize");
            LogEmptied(_logger, key);
            return null;
        }
        if (findings.DiscoveryFailures.Count > 0 || findings.ContentFailures.Count > 0)
        {
            // With growing delay, as whatever is wrong may last.
            throw new NamespaceNotEmptiedException(string.Join(", ", [.. findings.DiscoveryFailures, .. findings.ContentFailures]));
        }
        return (findings.Estimate / 2) + TimeSpan.FromSeconds(1);
    }

    private async ValueTask<NamespaceContentReport> EmptyAsync(
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
        catch (Exception e) when (e is ApiException or IOException)
        {
            return new([e.Message], [], []);
        }
        string[] unknown = [.. discovered.Failures.Select(f => $"{f.Key}: {f.Value}")];
        var kinds = discovered.Preferred.Where(k => k.Namespaced && k.Supports("list", "delete")).ToList();
        var failures = new List<string>();
        var remains = new List<RemainingContent>();
        foreach (var kind in kinds.Where(NamespaceContentDeleter.IsPods).Concat(kinds.Where(k => !NamespaceContentDeleter.IsPods(k))))
        {
            try
            {
                var left = await _content.DeleteAsync(kind, namespaceName, deletedAt, cancellationToken);
                remains.Add(left);
                if (left.IsUnexpected)
                {
                    failures.Add(
                        $"unexpected items still remain in namespace: {namespaceName} for gvr: "
                            + $"{kind.Gvk.Group}/{kind.Gvk.Version}, Resource={kind.Plural}"
                    );
                }
            }
            catch (Exception e) when (e is ApiException or IOException)
            {
                failures.Add(e.Message);
            }
            if (NamespaceContentDeleter.IsPods(kind) && (failures.Count > 0 || remains.Any(r => r.Remaining > 0)))
            {
                // All else waits until the pods have ended.
                break;
            }
        }
        return new(unknown, failures, remains);
    }

    [LoggerMessage(EventId = 3150, Level = LogLevel.Information, Message = "Namespace {Key} is empty, and goes")]
    private static partial void LogEmptied(ILogger logger, ObjectKey key);
}

/// <summary>Something keeps a namespace from being emptied; it is tried again.</summary>
internal sealed class NamespaceNotEmptiedException(string message) : Exception(message);
