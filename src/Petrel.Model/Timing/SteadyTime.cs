namespace Petrel.Model.Timing;

/// <summary>
/// A clock that starts with another one's time and goes on by elapsed time. It does not jump when that clock is set, so waits that are
/// computed from its times end when they should. Do not show its times to users.
/// </summary>
public sealed class SteadyTime(TimeProvider inner) : TimeProvider
{
    private readonly DateTimeOffset _startedAt = inner.GetUtcNow();
    private readonly long _start = inner.GetTimestamp();

    /// <inheritdoc/>
    public override long TimestampFrequency => inner.TimestampFrequency;

    /// <inheritdoc/>
    public override DateTimeOffset GetUtcNow() => _startedAt + inner.GetElapsedTime(_start);

    /// <inheritdoc/>
    public override long GetTimestamp() => inner.GetTimestamp();

    /// <inheritdoc/>
    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        inner.CreateTimer(callback, state, dueTime, period);
}
