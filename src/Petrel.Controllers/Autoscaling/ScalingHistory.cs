namespace Petrel.Controllers.Autoscaling;

/// <summary>
/// Recent recommendations and scale changes of an autoscaler. Only the controller remembers them, as upstream: after a restart, it begins
/// with the current number of replicas.
/// </summary>
public sealed class ScalingHistory
{
    // Validation allows no longer window (one hour) or period (half an hour).
    private static readonly TimeSpan MaxWindow = TimeSpan.FromHours(1);

    private readonly List<(int Replicas, DateTimeOffset At)> _recommendations = [];
    private readonly List<(int Change, DateTimeOffset At)> _changes = [];

    public bool IsEmpty => _recommendations.Count == 0;

    public void RecordRecommendation(int replicas, DateTimeOffset now)
    {
        _recommendations.RemoveAll(r => r.At < now - MaxWindow);
        _recommendations.Add((replicas, now));
    }

    public void RecordChange(int from, int to, DateTimeOffset now)
    {
        _changes.RemoveAll(c => c.At < now - MaxWindow);
        _changes.Add((to - from, now));
    }

    /// <summary>The highest recommendation within the window, at least <paramref name="replicas"/>.</summary>
    public int Highest(int replicas, TimeSpan window, DateTimeOffset now) => Within(window, now).Append(replicas).Max();

    /// <summary>The lowest recommendation within the window, at most <paramref name="replicas"/>.</summary>
    public int Lowest(int replicas, TimeSpan window, DateTimeOffset now) => Within(window, now).Append(replicas).Min();

    /// <summary>How many replicas were added within the period.</summary>
    public int Added(TimeSpan period, DateTimeOffset now) => _changes.Where(c => c.Change > 0 && c.At > now - period).Sum(c => c.Change);

    /// <summary>How many replicas were removed within the period.</summary>
    public int Removed(TimeSpan period, DateTimeOffset now) => -_changes.Where(c => c.Change < 0 && c.At > now - period).Sum(c => c.Change);

    private IEnumerable<int> Within(TimeSpan window, DateTimeOffset now) =>
        _recommendations.Where(r => r.At > now - window).Select(r => r.Replicas);
}
