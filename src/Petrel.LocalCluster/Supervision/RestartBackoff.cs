namespace Petrel.LocalCluster.Supervision;

/// <summary>
/// The back-off before a process that ended is restarted: none the first time, then half a second, doubling to 30 s.
/// A process that ran for ten seconds restarts without a wait. One that had begun to serve waits at most half a second, because it
/// did not fail at its start.
/// </summary>
public sealed class RestartBackoff
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ResetAfter = TimeSpan.FromSeconds(10);

    private TimeSpan _next;

    /// <summary>The delay after a process that ended.</summary>
    /// <param name="lifetime">How long it had run.</param>
    /// <param name="served">Whether it had begun to serve.</param>
    public TimeSpan After(TimeSpan lifetime, bool served = false)
    {
        if (lifetime >= ResetAfter)
        {
            _next = TimeSpan.Zero;
        }
        else if (served && _next > Shortest)
        {
            _next = Shortest;
        }
        var delay = _next;
        _next =
            delay == TimeSpan.Zero ? Shortest
            : delay * 2 < Longest ? delay * 2
            : Longest;
        return delay;
    }
}
