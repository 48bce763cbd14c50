namespace Petrel.Controllers.Framework;

/// <summary>The delay after which a key is synced again.</summary>
internal static class RequeueDelay
{
    /// <summary>Timers have an upper limit. After this delay, the controller checks again.</summary>
    public static TimeSpan Max { get; } = TimeSpan.FromDays(1);

    /// <summary>The delay, or the longest one if it is longer.</summary>
    public static TimeSpan? Limit(TimeSpan? wait) => wait > Max ? Max : wait;
}
