using System.Text.Json;

namespace Petrel.Simulation.Invariants.Facts;

/// <summary>One committed change of a pod.</summary>
public readonly record struct PodChange(CommittedPod? Before, CommittedPod? After)
{
    public CommittedPod Latest => After ?? Before!;
}

/// <summary>
/// The cluster as it is committed, indexed as rules ask for it. Each commit is applied before rules judge it; pods are parsed once.
/// </summary>
public sealed class ClusterFacts
{
    private static readonly SortedSet<string> None = new(StringComparer.Ordinal);

    private static readonly SortedDictionary<string, JsonElement> Nothing = [];

    // By kind, then by store key.
    private readonly SortedDictionary<string, SortedDictionary<string, JsonElement>> _objects = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, string> _keys = new(StringComparer.Ordinal); // uid: key
    private readonly SortedDictionary<string, CommittedPod> _pods = new(StringComparer.Ordinal);
    private readonly Dictionary<string, CommittedPod> _everyPod = new(StringComparer.Ordinal); // by uid, gone ones as they were last
    private readonly Dictionary<string, SortedSet<string>> _byOwner = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedSet<string>> _byNode = new(StringComparer.Ordinal);
    private readonly List<PodChange> _changes = [];

    /// <summary>The pods that the newest commit changed.</summary>
    public IReadOnlyList<PodChange> PodChanges => _changes;

    public IReadOnlyDictionary<string, CommittedPod> Pods => _pods;

    /// <summary>The objects of a kind (<c>/registry/GROUP/PLURAL/</c>), in the order of their store keys.</summary>
    public IEnumerable<KeyValuePair<string, JsonElement>> Objects(string kind) => _objects.GetValueOrDefault(kind, Nothing);

    /// <summary>The object of a store key.</summary>
    public JsonElement? Find(string key) =>
        _objects.TryGetValue(KindOf(key), out var kind) && kind.TryGetValue(key, out var found) ? found : null;

    /// <summary>The object with a uid.</summary>
    public JsonElement? ByUid(string uid) => _keys.TryGetValue(uid, out var key) ? Find(key) : null;

    /// <summary>A pod that exists or has existed, as it was last.</summary>
    public CommittedPod? LastSeenPod(string uid) => _everyPod.GetValueOrDefault(uid);

    /// <summary>The pods whose controller has this uid.</summary>
    public IEnumerable<CommittedPod> PodsOf(string ownerUid) => _byOwner.GetValueOrDefault(ownerUid, None).Select(k => _pods[k]);

    /// <summary>Every object with its store key, in order of kinds and keys.</summary>
    public IEnumerable<KeyValuePair<string, JsonElement>> All => _objects.Values.SelectMany(kind => kind);

    /// <summary>The pods that are bound to a node.</summary>
    public IEnumerable<CommittedPod> PodsOn(string node) => _byNode.GetValueOrDefault(node, None).Select(k => _pods[k]);

    /// <summary>Takes a commit.</summary>
    public void Apply(IReadOnlyList<DocumentChange> commit)
    {
        _changes.Clear();
        foreach (var change in commit)
        {
            if (change.After is { } after)
            {
                if (change.Before is { } old && old.Uid() != after.Uid())
                {
                    _keys.Remove(old.Uid());
                }
                if (!_objects.TryGetValue(KindOf(change.Key), out var kind))
                {
                    _objects.Add(KindOf(change.Key), kind = new(StringComparer.Ordinal));
                }
                kind[change.Key] = after;
                if (after.Uid() is { Length: > 0 } uid)
                {
                    _keys[uid] = change.Key;
                }
            }
            else if (_objects.TryGetValue(KindOf(change.Key), out var kind) && kind.Remove(change.Key, out var gone))
            {
                _keys.Remove(gone.Uid());
            }
            if (change.Key.StartsWith(CommittedPod.Prefix, StringComparison.Ordinal))
            {
                ApplyPod(change);
            }
        }
    }

    private void ApplyPod(DocumentChange change)
    {
        if (_pods.Remove(change.Key, out var before))
        {
            Unindex(_byOwner, before.OwnerUid, before.Key);
            Unindex(_byNode, before.Node, before.Key);
        }
        CommittedPod? after = null;
        if (change.After is { } document)
        {
            after = CommittedPod.Of(change.Key, document);
            _pods.Add(change.Key, after);
            _everyPod[after.Uid] = after;
            Index(_byOwner, after.OwnerUid, after.Key);
            Index(_byNode, after.Node, after.Key);
        }
        if (before is not null || after is not null)
        {
            _changes.Add(new(before, after));
        }
    }

    // "/registry/GROUP/PLURAL/" of "/registry/GROUP/PLURAL/NAMESPACE/NAME".
    private static string KindOf(string key)
    {
        const int Root = 10;
        var end = key.IndexOf('/', key.IndexOf('/', Root) + 1);
        return end < 0 ? key : key[..(end + 1)];
    }

    private static void Index(Dictionary<string, SortedSet<string>> index, string value, string key)
    {
        if (value.Length > 0)
        {
            if (!index.TryGetValue(value, out var keys))
            {
                index.Add(value, keys = new(StringComparer.Ordinal));
            }
            keys.Add(key);
        }
    }

    private static void Unindex(Dictionary<string, SortedSet<string>> index, string value, string key)
    {
        if (index.TryGetValue(value, out var keys) && keys.Remove(key) && keys.Count == 0)
        {
            index.Remove(value);
        }
    }
}
