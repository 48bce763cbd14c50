using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Model;

namespace Petrel.Controllers.Framework;

/// <summary>
/// What a controller remembers of each object between syncs. A state belongs to one uid: an object that was recreated under the same
/// name starts with a new state.
/// </summary>
/// <param name="create">The state of an object that is new to the controller.</param>
internal sealed class ObjectStates<TState>(Func<TState> create)
    where TState : class
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<ObjectKey, (string Uid, TState State)> _states = [];

    /// <summary>The object's state.</summary>
    public TState Get(IKubernetesObject<V1ObjectMeta> value)
    {
        var key = value.Key();
        lock (_gate)
        {
            if (!_states.TryGetValue(key, out var entry) || entry.Uid != value.Metadata.Uid)
            {
                _states[key] = entry = (value.Metadata.Uid, create());
            }
            return entry.State;
        }
    }

    /// <summary>All states of a namespace, in the order of their keys.</summary>
    public IReadOnlyList<(ObjectKey Key, TState State)> InNamespace(string namespaceName)
    {
        lock (_gate)
        {
            return [.. _states.Where(s => s.Key.Namespace == namespaceName).Select(s => (s.Key, s.Value.State))];
        }
    }

    /// <summary>Forgets an object that is gone.</summary>
    public void Forget(ObjectKey key)
    {
        lock (_gate)
        {
            _states.Remove(key);
        }
    }
}
