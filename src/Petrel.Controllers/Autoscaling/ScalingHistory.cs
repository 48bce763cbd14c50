namespace Petrel.Controllers.Autoscaling;

/// <summary>
/// What an autoscaler recommended and did lately. It is remembered by the controller alone, as upstream: a controller that starts again
/// begins with the number of replicas that it finds.
/// </summary>
public sealed class ScalingHistory
{
    // No window or period is longer (validation: an hour, half an hour).
    private static readonly TimeSpan Longest = TimeSpan.FromHours(1);

    private readonly List<(int Replicas, DateTimeOffset At)> _recommendations = [];
    private readonly List<(int Change, DateTimeOffset At)> _changes = [];

    public bool IsEmpty => _recommendations.Count == 0;

    public void Recommended(int replicas, DateTimeOffset now)
    {
        _recommendations.RemoveAll(r => r.At < now - Longest);
        _recommendations.Add((replicas, now));
    }

    public void Changed(int from, int to, DateTimeOffset now)
    {
        _changes.RemoveAll(c => c.At < now - Longest);
        _changes.Add((to - from, now));
    }

    /// <summary>The highest recommendation of the time before <paramref name="now"/>, at least <paramref name="replicas"/>.</summary>
    public int Highest(int replicas, TimeSpan window, DateTimeOffset now) => Within(window, now).Append(replicas).Max();

    /// <summary>The lowest recommendation of that time, at most <paramref name="replicas"/>.</summary>
    public int Lowest(int replicas, TimeSpan window, DateTimeOffset now) => Within(window, now).Append(replicas).Min();

    /// <summary>How many replicas were added in the time before <paramref name="now"/>.</summary>
    public int Added(TimeSpan period, DateTimeOffset now) => _changes.Where(c => c.Change > 0 && c.At > now - period).Sum(c => c.Change);

    /// <summary>How many were removed in that time.</summary>
    public int Removed(TimeSpan period, DateTimeOffset now) => -_changes.Where(c => c.Change < 0 && c.At > now - period).Sum(c => c.Change);

    private IEnumerable<int> Within(TimeSpan window, DateTimeOffset now) =>
        _recommendations.Where(r => r.At > now - window).Select(r => r.Replicas);
}
