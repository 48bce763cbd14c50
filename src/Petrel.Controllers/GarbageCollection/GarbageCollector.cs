using System.Text.Json.Nodes;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Monitoring;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.GarbageCollection;

/// <summary>
/// Deletes objects whose owners are all gone, and removes the finalizers of owners that wait for their dependents (upstream:
/// garbagecollector). It works on the metadata of all kinds. The graph of owners only says which objects to check. Each decision is based
/// on live objects, and each write has their resourceVersion as precondition.
/// </summary>
public sealed partial class GarbageCollector : IController
{
    // The deletion of an owner that no watch has shown yet might never be seen: it is checked again after this time.
    private static readonly TimeSpan UnseenOwnerPeriod = TimeSpan.FromSeconds(30);

    private readonly ControllerLoop _loop;
    private readonly MetadataClient _metadata;
    private readonly OwnerGraph _graph;
    private readonly KindMonitors _monitors;

    public GarbageCollector(ControllerContext context)
    {
        _loop = new(context, "garbage-collector", SyncAsync, new() { EventSource = "garbage-collector-controller" });
        _metadata = new(context.Client);
        _graph = new(uid => _loop.Enqueue(KeyOf(uid)), ReportMisplaced);
        _monitors = context.Monitors;
        _monitors.Follow(IsCollected, OnChange);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        await _monitors.WaitAsync(cancellationToken);
        if (_graph.Find(key.Name) is not { } node || !_graph.NeedsCheck(node))
        {
            return null;
        }
        if (
            await _metadata.FindAsync(node.Kind, node.Metadata.Key, cancellationToken) is not { } document
            || document.Uid != node.Metadata.Uid
        )
        {
            // It is gone. Its watch will show that.
            return null;
        }
        var owners = document.IsDeleting ? [] : await ReadOwnersAsync(node.Kind, document, cancellationToken);
        if (owners is null)
        {
            return null;
        }
        var dependents = _graph.DependentsOf(document.Uid);
        var action = GarbagePlan.Compute(document, owners, [.. dependents.Select(d => StatusOf(d, document.Uid))]);
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
                LogDeleting(_loop.Logger, kind, document.Key, delete.PropagationPolicy);
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
                    _loop.Enqueue(KeyOf(uid));
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
            // It is gone: nothing is left to do.
        }
    }

    private async ValueTask<ObjectMetadata> SetOwnersAsync(
        ResourceKind kind,
        ObjectMetadata document,
        IEnumerable<OwnerLink> owners,
        CancellationToken cancellationToken
    )
    {
        JsonNode?[] remaining = [.. owners.Select(o => o.ToJson())];
        var patch = new JsonObject { ["ownerReferences"] = remaining.Length == 0 ? null : new JsonArray(remaining) };
        return await _metadata.PatchAsync(kind, document, patch, cancellationToken);
    }

    private async ValueTask RemoveFinalizerAsync(
        ResourceKind kind,
        ObjectMetadata document,
        string finalizer,
        CancellationToken cancellationToken
    )
    {
        JsonNode?[] remaining = [.. document.Finalizers.Where(f => f != finalizer).Select(f => JsonValue.Create(f))];
        var patch = new JsonObject { ["finalizers"] = remaining.Length == 0 ? null : new JsonArray(remaining) };
        await _metadata.PatchAsync(kind, document, patch, cancellationToken);
    }

    /// <summary>The states of the owners; null when they cannot be determined, and another try would not help.</summary>
    private async ValueTask<List<OwnerStatus>?> ReadOwnersAsync(
        ResourceKind kind,
        ObjectMetadata document,
        CancellationToken cancellationToken
    )
    {
        var owners = new List<OwnerStatus>();
        foreach (var link in document.Owners)
        {
            var ownerKind = _monitors.Kinds.Find(link.ApiVersion, link.Kind)
                ?? throw new UnknownOwnerKindException(
                    $"{kind} {document.Key} is owned by {link.Kind} {link.Name} of {link.ApiVersion}, which is not served"
                );
            if (ownerKind.Namespaced && document.Key.Namespace.Length == 0)
            {
                // The reference does not say in which namespace the owner is: nothing can be concluded.
                LogUnknownOwner(_loop.Logger, kind, document.Key, link.Kind, link.Name);
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
            owners.Add(new(link, state));
        }
        return owners;
    }

    // Events are numerous and short-lived, and own nothing. Upstream ignores them too.
    private static bool IsCollected(ResourceKind kind) =>
        kind.Supports("list", "watch", "delete") && !(kind.Plural == "events" && kind.Gvk.Group is "" or "events.k8s.io");

    private void OnChange(ResourceKind kind, CacheChange<ObjectMetadata> change)
    {
        if (IsCollected(kind))
        {
            _graph.Observe(kind, change);
        }
    }

    private void ReportMisplaced(GraphNode dependent, OwnerLink link)
    {
        var ns = dependent.Metadata.Key.Namespace;
        _loop.Events.Record(
            new MetadataObject(dependent),
            "Warning",
            "OwnerRefInvalidNamespace",
            $"ownerRef [{link.ApiVersion}/{link.Kind}, namespace: {ns}, name: {link.Name}, uid: {link.Uid}] does not exist in "
                + $"namespace \"{ns}\""
        );
    }

    private static DependentStatus StatusOf(GraphNode dependent, string ownerUid) =>
        new(
            dependent.Metadata.Uid,
            dependent.Metadata.Owners.Any(o => o.Uid == ownerUid && o.Blocks),
            GarbagePlan.WaitsForDependents(dependent.Metadata)
        );

    private static ObjectKey KeyOf(string uid) => new("", uid);

    [LoggerMessage(EventId = 3141, Level = LogLevel.Information, Message = "Deleting {Kind} {Key}, whose owners are gone ({Policy})")]
    private static partial void LogDeleting(ILogger logger, ResourceKind kind, ObjectKey key, string policy);

    [LoggerMessage(
        EventId = 3142,
        Level = LogLevel.Warning,
        Message = "{Kind} {Key} is cluster-scoped, but its owner {OwnerKind} {Owner} is namespaced: the reference is ignored"
    )]
    private static partial void LogUnknownOwner(ILogger logger, ResourceKind kind, ObjectKey key, string ownerKind, string owner);
}

/// <summary>The kind of an owner is not served at present, so the state of the owner is unknown.</summary>
internal sealed class UnknownOwnerKindException(string message) : Exception(message);
