using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Model;

namespace Petrel.Controllers.PodControl;

/// <summary>The kind of a write that an expectation is about.</summary>
internal enum WriteVerb
{
    Create,
    Update,
    Delete,
}

/// <summary>
/// The writes of owners' objects that were sent and whose outcome is not known: each may have been executed, or may be executed yet. While
/// an owner has one, its controller repeats it and plans no other write, or there might be one object too many or too few.
/// <para> They differ from upstream's expectations in three ways. They hold the objects instead of counts, so that each write can be
/// repeated as it was. They end with the answer to a write, not with a watch event: controllers wait for their caches before they plan
/// again. And they have no timeout after which a controller would plan from whatever its cache shows. </para>
/// </summary>
internal sealed class Expectations<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<ObjectKey, PendingWrites> _owners = [];

    private sealed record PendingWrites(string OwnerUid)
    {
        // By the verb, then by the name of the object.
        public SortedDictionary<WriteVerb, SortedDictionary<string, T>> ByVerb { get; } = [];
    }

    /// <summary>The owner's writes of this kind whose outcome is not known, in the order of the objects' names.</summary>
    public IReadOnlyList<T> Pending(IKubernetesObject<V1ObjectMeta> owner, WriteVerb verb)
    {
        lock (_gate)
        {
            return Find(owner)?.ByVerb.TryGetValue(verb, out var writes) == true ? [.. writes.Values] : [];
        }
    }

    /// <summary>Whether the outcome of every write for the owner is known.</summary>
    public bool AreFulfilled(IKubernetesObject<V1ObjectMeta> owner)
    {
        lock (_gate)
        {
            return Find(owner) is null;
        }
    }

    /// <summary>To be called before a write is sent.</summary>
    public void Expect(IKubernetesObject<V1ObjectMeta> owner, WriteVerb verb, T value)
    {
        lock (_gate)
        {
            if (Find(owner) is not { } pending)
            {
                _owners[owner.Key()] = pending = new(owner.Metadata.Uid);
            }
            if (!pending.ByVerb.TryGetValue(verb, out var writes))
            {
                pending.ByVerb[verb] = writes = new(StringComparer.Ordinal);
            }
            writes[value.Metadata.Name] = value;
        }
    }

    /// <summary>To be called when the outcome of a write is known.</summary>
    public void Observe(IKubernetesObject<V1ObjectMeta> owner, WriteVerb verb, T value)
    {
        lock (_gate)
        {
            if (Find(owner) is not { } pending || !pending.ByVerb.TryGetValue(verb, out var writes))
            {
                return;
            }
            writes.Remove(value.Metadata.Name);
            if (writes.Count == 0)
            {
                pending.ByVerb.Remove(verb);
            }
            if (pending.ByVerb.Count == 0)
            {
                _owners.Remove(owner.Key());
            }
        }
    }

    /// <summary>Forgets an owner that is gone. The garbage collector deletes what its writes may still create.</summary>
    public void Forget(ObjectKey owner)
    {
        lock (_gate)
        {
            _owners.Remove(owner);
        }
    }

    private PendingWrites? Find(IKubernetesObject<V1ObjectMeta> owner) =>
        _owners.TryGetValue(owner.Key(), out var pending) && pending.OwnerUid == owner.Metadata.Uid ? pending : null;
}
