using System.Runtime.InteropServices;
using Petrel.Model;

namespace Petrel.Store.Versions;

/// <summary>
/// Commits that are decided one after the other but become visible together. Each commit sees the changes of the earlier ones.
/// Used by one writer at a time.
/// </summary>
internal sealed class CommitGroup(VersionedState state)
{
    private readonly Dictionary<string, StoreEntry?> _pending = new(StringComparer.Ordinal);
    private readonly List<StoreChange[]> _commits = [];
    private long _revision;

    /// <summary>The changes of the commits that succeed, in revision order.</summary>
    public IReadOnlyList<StoreChange[]> Commits => _commits;

    /// <summary>Clears the group and begins with the visible state.</summary>
    public void Begin()
    {
        _pending.Clear();
        _commits.Clear();
        _revision = state.Current;
    }

    /// <summary>Decides one commit by checking its preconditions against the state after the earlier commits of the group.</summary>
    public CommitResult Add(IReadOnlyList<StoreOperation> operations)
    {
        var changes = new StoreChange[operations.Count];
        var revision = _revision + 1;
        for (var i = 0; i < changes.Length; i++)
        {
            var operation = operations[i];
            var found = Find(operation.Key);
            var mustExist = operation.Value is null && found is null;
            if (mustExist || (operation.ExpectedRevision is { } expected && expected != (found?.ModRevision ?? 0)))
            {
                return new CommitResult(false, _revision, operation.Key, found);
            }

            changes[i] = new StoreChange(operation.Key, revision, operation.Value, found?.CreateRevision ?? revision, found?.Value);
        }
        foreach (var change in changes)
        {
            ref var pending = ref CollectionsMarshal.GetValueRefOrAddDefault(_pending, change.Key, out _);
            Invariant.Check(
                pending is null || pending.ModRevision < revision,
                $"the commit of revision {revision} changes {change.Key} twice"
            );
            pending = change.Value is { } value ? new StoreEntry(change.Key, value, change.CreateRevision, revision) : null;
        }
        _commits.Add(changes);
        _revision = revision;
        return new CommitResult(true, revision);
    }

    /// <summary>Rejects commits that have no operations, too many operations, or two operations on one key.</summary>
    public static void Validate(IReadOnlyList<StoreOperation> operations)
    {
        ArgumentNullException.ThrowIfNull(operations);
        if (operations.Count is 0 or > RowId.MaxPositions)
        {
            throw new ArgumentException($"A commit has 1 to {RowId.MaxPositions} operations, not {operations.Count}.", nameof(operations));
        }

        if (operations.Count == 1)
        {
            return;
        }

        var keys = new HashSet<string>(operations.Count, StringComparer.Ordinal);
        foreach (var operation in operations)
        {
            if (!keys.Add(operation.Key))
            {
                throw new ArgumentException($"Two operations on key '{operation.Key}'.", nameof(operations));
            }
        }
    }

    private StoreEntry? Find(string key) => _pending.TryGetValue(key, out var entry) ? entry : state.Get(key);
}
