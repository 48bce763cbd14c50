using Petrel.ApiServer.Caching;

namespace Petrel.ApiServer.Watching;

/// <summary>Wakes a watch when its time is over, and when a bookmark is due.</summary>
internal sealed class WatchClock : IDisposable
{
    private readonly ITimer _end;
    private readonly ITimer? _bookmarks;
    private volatile bool _timeIsOver;
    private volatile bool _bookmarkIsDue;

    public WatchClock(TimeProvider time, TimeSpan timeout, TimeSpan? bookmarkInterval, WatchSignal signal)
    {
        _end = time.CreateTimer(
            _ =>
            {
                _timeIsOver = true;
                signal.Wake();
            },
            null,
            timeout,
            Timeout.InfiniteTimeSpan
        );
        if (bookmarkInterval is { } interval)
        {
            _bookmarks = time.CreateTimer(
                _ =>
                {
                    _bookmarkIsDue = true;
                    signal.Wake();
                },
                null,
                interval,
                interval
            );
        }
    }

    public bool TimeIsOver => _timeIsOver;

    /// <summary>Whether a bookmark is due, once for each interval; the last one is due at the end.</summary>
    public bool TakeBookmark()
    {
        var due = _bookmarks is not null && (_bookmarkIsDue || _timeIsOver);
        _bookmarkIsDue = false;
        return due;
    }

    public void Dispose()
    {
        _end.Dispose();
        _bookmarks?.Dispose();
    }
}
