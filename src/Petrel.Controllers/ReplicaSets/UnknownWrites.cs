using k8s.Models;
using Petrel.Model;

namespace Petrel.Controllers.ReplicaSets;

/// <summary>
/// The creates and deletes that were sent and whose outcome is not known: they may have happened, or may happen yet. Until each is known, no other
/// pod of the set may be created or deleted, or there might be one too many or too few.
/// </summary>
internal sealed class UnknownWrites
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<ObjectKey, Writes> _sets = [];

    private sealed record Writes(string SetUid, SortedDictionary<string, V1Pod> Creates, SortedDictionary<string, V1Pod> Deletes);

    /// <summary>Forgets a set that is gone: the collector looks after what it may still leave behind.</summary>
    public void Forget(ObjectKey set)
    {
        lock (_gate)
        {
            _sets.Remove(set);
        }
    }

    /// <summary>What is not known about the set, each in the order of the pods' names.</summary>
    public (IReadOnlyList<V1Pod> Creates, IReadOnlyList<V1Pod> Deletes) Of(V1ReplicaSet set)
    {
        lock (_gate)
        {
            return _sets.TryGetValue(Key(set), out var writes) && writes.SetUid == set.Metadata.Uid
                ? ([.. writes.Creates.Values], [.. writes.Deletes.Values])
                : ([], []);
        }
    }

    /// <summary>To be called before the create is sent.</summary>
    public void Creating(V1ReplicaSet set, V1Pod pod) => Change(set, writes => writes.Creates[pod.Metadata.Name] = pod);

    /// <summary>To be called when a create's outcome is known.</summary>
    public void CreateIsKnown(V1ReplicaSet set, V1Pod pod) => Change(set, writes => writes.Creates.Remove(pod.Metadata.Name));

    /// <summary>To be called before the delete is sent.</summary>
    public void Deleting(V1ReplicaSet set, V1Pod pod) => Change(set, writes => writes.Deletes[pod.Metadata.Name] = pod);

    /// <summary>To be called when a delete's outcome is known.</summary>
    public void DeleteIsKnown(V1ReplicaSet set, V1Pod pod) => Change(set, writes => writes.Deletes.Remove(pod.Metadata.Name));

    private void Change(V1ReplicaSet set, Action<Writes> change)
    {
        var key = Key(set);
        lock (_gate)
        {
            if (!_sets.TryGetValue(key, out var writes) || writes.SetUid != set.Metadata.Uid)
            {
                writes = new(set.Metadata.Uid, new(StringComparer.Ordinal), new(StringComparer.Ordinal));
                _sets[key] = writes;
            }
            change(writes);
            if (writes.Creates.Count == 0 && writes.Deletes.Count == 0)
            {
                _sets.Remove(key);
            }
        }
    }

    private static ObjectKey Key(V1ReplicaSet set) => new(set.Metadata.NamespaceProperty, set.Metadata.Name);
}
