namespace Petrel.LocalCluster.Supervision;

/// <summary>
/// The back-off before a process that ended is restarted: none the first time, then half a second, doubling to 30 s.
/// A process that ran for ten seconds restarts without a wait.
/// </summary>
public sealed class RestartBackoff
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ResetAfter = TimeSpan.FromSeconds(10);

    private TimeSpan _next;

    /// <summary>The delay before the restart of a process that ended after <paramref name="lifetime"/>.</summary>
    public TimeSpan After(TimeSpan lifetime)
    {
        if (lifetime >= ResetAfter)
        {
            _next = TimeSpan.Zero;
        }
        var delay = _next;
        _next =
            delay == TimeSpan.Zero ? Shortest
            : delay * 2 < Longest ? delay * 2
            : Longest;
        return delay;
    }
}
