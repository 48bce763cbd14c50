using Petrel.Client;

namespace Petrel.Controllers.GarbageCollection;

/// <summary>An object in the graph.</summary>
public sealed record GraphNode(ResourceKind Kind, ObjectMetadata Metadata)
{
    /// <summary>
    /// Whether a reference from an object in <paramref name="namespaceName"/> names this object by kind, name and namespace, not only by
    /// uid.
    /// </summary>
    public bool IsNamedBy(OwnerLink link, string namespaceName) =>
        link.Kind == Kind.Gvk.Kind
        && link.Name == Metadata.Key.Name
        && GroupOf(link.ApiVersion) == Kind.Gvk.Group
        && IsReachableFrom(namespaceName);

    /// <summary>An owner is in the namespace of its dependents, or cluster-scoped.</summary>
    public bool IsReachableFrom(string namespaceName) => !Kind.Namespaced || Metadata.Key.Namespace == namespaceName;

    private static string GroupOf(string apiVersion) =>
        apiVersion.IndexOf('/', StringComparison.Ordinal) is >= 0 and var slash ? apiVersion[..slash] : "";
}

/// <summary>
/// The owners and dependents of all objects, as the watches show them. It says through <paramref name="enqueue"/> which objects to check,
/// by uid. Decisions are based on live objects, so the graph may lag. <paramref name="misplaced"/> is called for references to owners in
/// other namespaces.
/// </summary>
public sealed class OwnerGraph(Action<string> enqueue, Action<GraphNode, OwnerLink> misplaced)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, GraphNode> _nodes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedSet<string>> _dependents = new(StringComparer.Ordinal);

    /// <summary>The object as a watch showed it last, or null.</summary>
    public GraphNode? Find(string uid)
    {
        lock (_gate)
        {
            return _nodes.GetValueOrDefault(uid);
        }
    }

    /// <summary>The other objects that name <paramref name="uid"/> as an owner, in the order of their uids.</summary>
    public IReadOnlyList<GraphNode> DependentsOf(string uid)
    {
        lock (_gate)
        {
            return _dependents.TryGetValue(uid, out var found) ? [.. found.Where(d => d != uid).Select(d => _nodes[d])] : [];
        }
    }

    /// <summary>
    /// Whether the object has to be checked: it waits for its dependents or orphans them, or one of its owners is unknown, gone, not where
    /// the reference says, or waits for it. All other objects are alive: a watch will show the deletion of their owners.
    /// </summary>
    public bool NeedsCheck(GraphNode node)
    {
        lock (_gate)
        {
            return GarbagePlan.WaitsForDependents(node.Metadata)
                || GarbagePlan.OrphansDependents(node.Metadata)
                || node.Metadata.Owners.Any(link => NeedsCheck(node, link));
        }
    }

    /// <summary>Records what a watch showed of an object.</summary>
    public void Observe(ResourceKind kind, CacheChange<ObjectMetadata> change)
    {
        lock (_gate)
        {
            if (change.New is { } value)
            {
                Put(new(kind, value));
            }
            else
            {
                Remove(change.Old!.Uid);
            }
        }
    }

    private void Put(GraphNode node)
    {
        var uid = node.Metadata.Uid;
        var old = _nodes.GetValueOrDefault(uid);
        _nodes[uid] = node;
        var before = old?.Metadata.Owners ?? [];
        foreach (var link in before.Where(b => !node.Metadata.Owners.Any(l => l.Uid == b.Uid)))
        {
            Unlink(link.Uid, uid);
        }
        foreach (var link in node.Metadata.Owners)
        {
            Dependents(link.Uid).Add(uid);
            if (
                !before.Contains(link)
                && _nodes.TryGetValue(link.Uid, out var owner)
                && !owner.IsReachableFrom(node.Metadata.Key.Namespace)
            )
            {
                misplaced(node, link);
            }
        }
        foreach (var link in before.Where(b => b.Blocks && !node.Metadata.Owners.Any(l => l.Uid == b.Uid && l.Blocks)))
        {
            EnqueueIfWaiting(link.Uid);
        }
        if (node.Metadata.Owners.Any(link => !before.Contains(link) && NeedsCheck(node, link)))
        {
            enqueue(uid);
        }
        if (old is null)
        {
            ReportMisplaced(node);
        }
        OnDeletionStarts(old?.Metadata, node.Metadata);
    }

    private void OnDeletionStarts(ObjectMetadata? old, ObjectMetadata value)
    {
        if (GarbagePlan.OrphansDependents(value) && !(old is not null && GarbagePlan.OrphansDependents(old)))
        {
            enqueue(value.Uid);
        }
        if (GarbagePlan.WaitsForDependents(value) && !(old is not null && GarbagePlan.WaitsForDependents(old)))
        {
            EnqueueDependents(value.Uid);
            enqueue(value.Uid);
        }
    }

    private void Remove(string uid)
    {
        if (!_nodes.Remove(uid, out var node))
        {
            return;
        }
        foreach (var link in node.Metadata.Owners)
        {
            Unlink(link.Uid, uid);
        }
        EnqueueDependents(uid);
        foreach (var link in node.Metadata.Owners)
        {
            EnqueueIfWaiting(link.Uid);
        }
    }

    /// <summary>Reports dependents that were seen before an owner in another namespace.</summary>
    private void ReportMisplaced(GraphNode owner)
    {
        foreach (var uid in _dependents.GetValueOrDefault(owner.Metadata.Uid) ?? [])
        {
            var dependent = _nodes[uid];
            foreach (
                var link in dependent.Metadata.Owners.Where(l =>
                    l.Uid == owner.Metadata.Uid && !owner.IsReachableFrom(dependent.Metadata.Key.Namespace)
                )
            )
            {
                misplaced(dependent, link);
                enqueue(uid);
            }
        }
    }

    private bool NeedsCheck(GraphNode node, OwnerLink link) =>
        !_nodes.TryGetValue(link.Uid, out var owner)
        || !owner.IsNamedBy(link, node.Metadata.Key.Namespace)
        || GarbagePlan.WaitsForDependents(owner.Metadata);

    private void EnqueueDependents(string uid)
    {
        foreach (var dependent in _dependents.GetValueOrDefault(uid) ?? [])
        {
            enqueue(dependent);
        }
    }

    private void EnqueueIfWaiting(string uid)
    {
        if (_nodes.TryGetValue(uid, out var node) && GarbagePlan.WaitsForDependents(node.Metadata))
        {
            enqueue(uid);
        }
    }

    private SortedSet<string> Dependents(string uid)
    {
        if (!_dependents.TryGetValue(uid, out var found))
        {
            _dependents[uid] = found = new(StringComparer.Ordinal);
        }
        return found;
    }

    private void Unlink(string ownerUid, string dependentUid)
    {
        if (_dependents.TryGetValue(ownerUid, out var found))
        {
            found.Remove(dependentUid);
            if (found.Count == 0)
            {
                _dependents.Remove(ownerUid);
            }
        }
    }
}
