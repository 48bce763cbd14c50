using Petrel.Model;

namespace Petrel.Store.Versions;

/// <summary>
/// One watch: its position in the history, and the signal that it awaits when it has seen everything. The history is its queue, so a
/// slow reader costs nothing. Its members are used under the lock of the <see cref="VersionedState"/>.
/// </summary>
internal sealed class Watcher(string prefix, long position)
{
    private TaskCompletionSource? _signal;

    /// <summary>The watcher has every change that concerns it up to this revision.</summary>
    public long Position { get; private set; } = position;

    /// <summary>The position in the last batch that the reader got. It lags behind when revisions do not concern the watcher.</summary>
    public long Reported { get; private set; } = position;

    public bool Concerns(StoreChange change) => change.Key.StartsWith(prefix, StringComparison.Ordinal);

    /// <summary>Completes at the next <see cref="Wake"/>.</summary>
    public TaskCompletionSource Arm() => _signal ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Wake()
    {
        var signal = _signal;
        _signal = null;
        signal?.TrySetResult();
    }

    /// <summary>Moves on by one revision.</summary>
    public long Advance() => ++Position;

    /// <summary>Adds the changes of the revision at the position that concern the watcher.</summary>
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

    /// <summary>The reader gets a batch up to the position.</summary>
    public void Report() => Reported = Position;
}
