namespace Petrel.LocalCluster.Supervision;

/// <summary>
/// How long to wait before a process that ended is started again: not at all the first time, then from half a second doubling to 30 s.
/// A process that ran for ten seconds starts again without a wait.
/// </summary>
public sealed class RestartBackoff
{
    private static readonly TimeSpan Shortest = TimeSpan.FromSeconds(0.5);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan ResetAfter = TimeSpan.FromSeconds(10);

    private TimeSpan _next;

    /// <summary>The delay after a process that ended when it had run for <paramref name="lifetime"/>.</summary>
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
