using Petrel.Model;

namespace Petrel.Store.Versions;

/// <summary>
/// One watch: its position in the history, and the signal that it awaits when it has no more changes to read. The history is its queue, so
/// a slow reader costs no memory. Its members are used under the lock of the <see cref="VersionedState"/>.
/// </summary>
internal sealed class Watcher(string prefix, long position)
{
    private TaskCompletionSource? _signal;

    /// <summary>The watcher has collected every matching change up to this revision.</summary>
    public long Position { get; private set; } = position;

    /// <summary>The position in the last batch that the reader received. It lags behind when revisions have no matching changes.</summary>
    public long Reported { get; private set; } = position;

    public bool Concerns(StoreChange change) => change.Key.StartsWith(prefix, StringComparison.Ordinal);

    /// <summary>Returns a signal that completes at the next <see cref="Wake"/>.</summary>
    public TaskCompletionSource Arm() => _signal ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Wake()
    {
        var signal = _signal;
        _signal = null;
        signal?.TrySetResult();
    }

    /// <summary>Advances the position by one revision.</summary>
    public long Advance() => ++Position;

    /// <summary>Adds the matching changes of the revision at the position.</summary>
    public void Collect(StoreChange[] changes, ref List<StoreChange>? found)
    {
        foreach (var change in changes)
        {
            if (Concerns(change))
            {
                Invariant.Check(
                    change.Revision == Position && change.Revision > Reported,
                    $"a watcher of {prefix} at revision {Reported} gets {change.Key} of revision {change.Revision}, in its place {Position}"
                );
                (found ??= []).Add(change);
            }
        }
    }

    /// <summary>Records that the reader has received a batch up to the position.</summary>
    public void Report() => Reported = Position;
}
