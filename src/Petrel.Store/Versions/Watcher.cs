namespace Petrel.Store.Versions;

/// <summary>
/// One watch: its place in the history, and the promise it waits on when it has seen everything. The history is its queue, so a
/// slow reader costs nothing. Its members are used under the lock of the <see cref="VersionedState"/>.
/// </summary>
internal sealed class Watcher(string prefix, long seen)
{
    private TaskCompletionSource? _news;

    /// <summary>Everything up to this revision is delivered, or does not concern the watcher.</summary>
    public long Seen { get; set; } = seen;

    /// <summary>Up to where the reader was told.</summary>
    public long Told { get; set; } = seen;

    public bool Concerns(StoreChange change) => change.Key.StartsWith(prefix, StringComparison.Ordinal);

    /// <summary>Completes at the next <see cref="Wake"/>.</summary>
    public TaskCompletionSource Arm() => _news ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Wake()
    {
        var news = _news;
        _news = null;
        news?.TrySetResult();
    }
}
