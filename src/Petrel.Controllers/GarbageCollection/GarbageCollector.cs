using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Monitoring;
using Petrel.Controllers.StatefulSets;
using Petrel.Model;

namespace Petrel.Controllers.GarbageCollection;

/// <summary>
/// Deletes objects whose owners are all gone, and lets owners go that wait for their dependents (upstream: garbagecollector). It works on
/// every kind by its metadata. The graph of owners only says where to look; each decision is made on what the API answers then, and each
/// write is refused when the object has changed since.
/// </summary>
public sealed partial class GarbageCollector : IController, IReconciler, IDisposable
{
    // When an owner is there that no watch has told of yet, its end might never be told: it is looked up again.
    private static readonly TimeSpan UnseenOwnerPeriod = TimeSpan.FromSeconds(30);

    private readonly ControllerContext _context;
    private readonly ILogger _logger;
    private readonly EventRecorder _events;
    private readonly MetadataClient _metadata;
    private readonly OwnerGraph _graph;
    private readonly KindMonitors _monitors;
    private readonly WorkQueue<ObjectKey> _queue;

    public GarbageCollector(ControllerContext context)
    {
        _context = context;
        _logger = context.Logs.CreateLogger(Name);
        _events = context.Events("garbage-collector-controller");
        _metadata = new(context.Client);
        _queue = new(context.Time);
        _graph = new(uid => _queue.Add(KeyOf(uid)), ReportMisplaced);
        _monitors = new(context.Client, context.Time, context.Entropy, _logger, _graph.Observe);
    }

    /// <inheritdoc/>
    public string Name => "garbage-collector";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using (this)
        {
            var host = new ReconcilerHost(this, _queue, _logger, _context.Settings.Workers);
            await Loops.RunTogetherAsync(
                cancellationToken,
                _events.RunAsync,
                stop => _monitors.RunAsync(_context.Settings.DiscoveryPeriod, stop),
                host.RunAsync
            );
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    /// <summary>Looks at one object; the key's name is its uid.</summary>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        await _monitors.WaitAsync(cancellationToken);
        if (_graph.Find(key.Name) is not { } node || !_graph.IsUnsettled(node))
        {
            return null;
        }
        if (
            await _metadata.FindAsync(node.Kind, node.Metadata.Key, cancellationToken) is not { } document
            || document.Uid != node.Metadata.Uid
        )
        {
            // It is gone; its watch will say so.
            return null;
        }
        var owners = document.IsDeleting ? [] : await LookAtOwnersAsync(node.Kind, document, cancellationToken);
        if (owners is null)
        {
            return null;
        }
        var dependents = _graph.DependentsOf(document.Uid);
        var action = GarbagePlan.Compute(document, owners, [.. dependents.Select(d => Look(d, document.Uid))]);
        await ApplyAsync(node.Kind, document, action, cancellationToken);
        var unseen = owners.Any(o => o.State != OwnerState.Absent && _graph.Find(o.Link.Uid) is null);
        return unseen ? UnseenOwnerPeriod : null;
    }

    private async ValueTask ApplyAsync(
        ResourceKind kind,
        ObjectMetadata document,
        GarbageAction action,
        CancellationToken cancellationToken
    )
    {
        switch (action)
        {
            case GarbageAction.Delete delete:
                if (delete.UnblockFirst)
                {
                    document = await SetOwnersAsync(
                        kind,
                        document,
                        document.Owners.Select(o => o.Blocks ? o with { BlockOwnerDeletion = false } : o),
                        cancellationToken
                    );
                }
                LogDeleting(_logger, kind, document.Key, delete.PropagationPolicy);
                await _metadata.DeleteAsync(
                    kind,
                    document.Key,
                    new V1DeleteOptions
                    {
                        PropagationPolicy = delete.PropagationPolicy,
                        Preconditions = new() { Uid = document.Uid, ResourceVersion = document.ResourceVersion },
                    },
                    cancellationToken
                );
                break;
            case GarbageAction.RemoveOwners remove:
                await SetOwnersAsync(kind, document, document.Owners.Where(o => !remove.OwnerUids.Contains(o.Uid)), cancellationToken);
                break;
            case GarbageAction.WaitForDependents wait:
                foreach (var uid in wait.DependentUids)
                {
                    _queue.Add(KeyOf(uid));
                }
                break;
            case GarbageAction.Orphan orphan:
                foreach (var uid in orphan.DependentUids)
                {
                    await RemoveOwnerAsync(uid, document.Uid, cancellationToken);
                }
                await RemoveFinalizerAsync(kind, document, GarbagePlan.OrphanFinalizer, cancellationToken);
                break;
            case GarbageAction.RemoveFinalizer remove:
                await RemoveFinalizerAsync(kind, document, remove.Finalizer, cancellationToken);
                break;
        }
    }

    private async ValueTask RemoveOwnerAsync(string dependentUid, string ownerUid, CancellationToken cancellationToken)
    {
        if (
            _graph.Find(dependentUid) is not { } node
            || await _metadata.FindAsync(node.Kind, node.Metadata.Key, cancellationToken) is not { } document
            || document.Uid != dependentUid
            || !document.Owners.Any(o => o.Uid == ownerUid)
        )
        {
            return;
        }
        try
        {
            await SetOwnersAsync(node.Kind, document, document.Owners.Where(o => o.Uid != ownerUid), cancellationToken);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            // Gone meanwhile, which is as good.
        }
    }

    private async ValueTask<ObjectMetadata> SetOwnersAsync(
        ResourceKind kind,
        ObjectMetadata document,
        IEnumerable<OwnerLink> owners,
        CancellationToken cancellationToken
    )
    {
        JsonNode?[] left = [.. owners.Select(o => o.ToJson())];
        var patch = new JsonObject { ["ownerReferences"] = left.Length == 0 ? null : new JsonArray(left) };
        return await _metadata.PatchAsync(kind, document, patch, cancellationToken);
    }

    private async ValueTask RemoveFinalizerAsync(
        ResourceKind kind,
        ObjectMetadata document,
        string finalizer,
        CancellationToken cancellationToken
    )
    {
        JsonNode?[] left = [.. document.Finalizers.Where(f => f != finalizer).Select(f => JsonValue.Create(f))];
        var patch = new JsonObject { ["finalizers"] = left.Length == 0 ? null : new JsonArray(left) };
        await _metadata.PatchAsync(kind, document, patch, cancellationToken);
    }

    /// <summary>What the owners are now; null when that can't be told and trying again would not help.</summary>
    private async ValueTask<List<OwnerStatus>?> LookAtOwnersAsync(
        ResourceKind kind,
        ObjectMetadata document,
        CancellationToken cancellationToken
    )
    {
        var looks = new List<OwnerStatus>();
        foreach (var link in document.Owners)
        {
            var ownerKind = _monitors.Kinds.Find(link.ApiVersion, link.Kind)
                ?? throw new UnknownOwnerKindException(
                    $"{kind} {document.Key} is owned by {link.Kind} {link.Name} of {link.ApiVersion}, which is not served"
                );
            if (ownerKind.Namespaced && document.Key.Namespace.Length == 0)
            {
                // The reference does not say in which namespace: nothing may be concluded from it.
                LogUnknowableOwner(_logger, kind, document.Key, link.Kind, link.Name);
                return null;
            }
            var owner = await _metadata.FindAsync(
                ownerKind,
                new(ownerKind.Namespaced ? document.Key.Namespace : "", link.Name),
                cancellationToken
            );
            var state =
                owner?.Uid != link.Uid ? OwnerState.Absent
                : GarbagePlan.WaitsForDependents(owner!) ? OwnerState.WaitsForDependents
                : OwnerState.Solid;
            looks.Add(new(link, state));
        }
        return looks;
    }

    private void ReportMisplaced(GraphNode dependent, OwnerLink link)
    {
        var ns = dependent.Metadata.Key.Namespace;
        _events.Record(
            new MetadataObject(dependent),
            "Warning",
            "OwnerRefInvalidNamespace",
            $"ownerRef [{link.ApiVersion}/{link.Kind}, namespace: {ns}, name: {link.Name}, uid: {link.Uid}] does not exist in "
                + $"namespace \"{ns}\""
        );
    }

    private static DependentStatus Look(GraphNode dependent, string ownerUid) =>
        new(
            dependent.Metadata.Uid,
            dependent.Metadata.Owners.Any(o => o.Uid == ownerUid && o.Blocks),
            GarbagePlan.WaitsForDependents(dependent.Metadata)
        );

    private static ObjectKey KeyOf(string uid) => new("", uid);

    [LoggerMessage(EventId = 3141, Level = LogLevel.Information, Message = "{Kind} {Key} has no owner any more and is deleted ({Policy})")]
    private static partial void LogDeleting(ILogger logger, ResourceKind kind, ObjectKey key, string policy);

    [LoggerMessage(
        EventId = 3142,
        Level = LogLevel.Warning,
        Message = "{Kind} {Key} is in no namespace, but its owner {OwnerKind} {Owner} is in one: it is left alone"
    )]
    private static partial void LogUnknowableOwner(ILogger logger, ResourceKind kind, ObjectKey key, string ownerKind, string owner);
}

/// <summary>An owner's kind is not served (now): what became of the owner can't be told.</summary>
internal sealed class UnknownOwnerKindException(string message) : Exception(message);
