using k8s.Models;
using Petrel.Model;

namespace Petrel.Controllers.PodControl;

/// <summary>
/// The creates and deletes that were sent and whose outcome is not known: they may have happened, or may happen yet. Until each is known,
/// no other pod of the owner may be created or deleted, or there might be one too many or too few.
/// </summary>
internal sealed class Expectations
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<ObjectKey, Writes> _owners = [];

    private sealed record Writes(string OwnerUid, SortedDictionary<string, V1Pod> Creates, SortedDictionary<string, V1Pod> Deletes);

    /// <summary>Forgets an owner that is gone: the collector looks after what it may still leave behind.</summary>
    public void Forget(ObjectKey owner)
    {
        lock (_gate)
        {
            _owners.Remove(owner);
        }
    }

    /// <summary>What is not known about the owner, each in the order of the pods' names.</summary>
    public (IReadOnlyList<V1Pod> Creates, IReadOnlyList<V1Pod> Deletes) Pending(PodOwner owner)
    {
        lock (_gate)
        {
            return _owners.TryGetValue(owner.Key, out var writes) && writes.OwnerUid == owner.Uid
                ? ([.. writes.Creates.Values], [.. writes.Deletes.Values])
                : ([], []);
        }
    }

    /// <summary>To be called before the create is sent.</summary>
    public void ExpectCreate(PodOwner owner, V1Pod pod) => Change(owner, writes => writes.Creates[pod.Metadata.Name] = pod);

    /// <summary>To be called when a create's outcome is known.</summary>
    public void CreateObserved(PodOwner owner, V1Pod pod) => Change(owner, writes => writes.Creates.Remove(pod.Metadata.Name));

    /// <summary>To be called before the delete is sent.</summary>
    public void ExpectDelete(PodOwner owner, V1Pod pod) => Change(owner, writes => writes.Deletes[pod.Metadata.Name] = pod);

    /// <summary>To be called when a delete's outcome is known.</summary>
    public void DeleteObserved(PodOwner owner, V1Pod pod) => Change(owner, writes => writes.Deletes.Remove(pod.Metadata.Name));

    private void Change(PodOwner owner, Action<Writes> change)
    {
        var key = owner.Key;
        lock (_gate)
        {
            if (!_owners.TryGetValue(key, out var writes) || writes.OwnerUid != owner.Uid)
            {
                writes = new(owner.Uid, new(StringComparer.Ordinal), new(StringComparer.Ordinal));
                _owners[key] = writes;
            }
            change(writes);
            if (writes.Creates.Count == 0 && writes.Deletes.Count == 0)
            {
                _owners.Remove(key);
            }
        }
    }
}
