namespace Petrel.Controllers.Framework;

/// <summary>How long a controller waits at a time.</summary>
internal static class RequeueDelay
{
    /// <summary>Timers have an end; whoever waits longer looks again in between.</summary>
    public static TimeSpan Longest { get; } = TimeSpan.FromDays(1);

    /// <summary>The wait, or as much of it as can be waited at a time.</summary>
    public static TimeSpan? Limit(TimeSpan? wait) => wait > Longest ? Longest : wait;
}
