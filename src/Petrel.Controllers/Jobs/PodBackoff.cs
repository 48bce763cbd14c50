using k8s.Models;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// How long a Job waits before it replaces a failed pod: ten seconds, doubled with each failure since the last success, up to ten minutes.
/// The delay counts from the last failure. Recording a pod twice changes nothing, and a restarted controller learns most failures from the
/// pods again.
/// </summary>
public sealed class PodBackoff
{
    private static readonly TimeSpan BaseDelay = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MaxDelay = TimeSpan.FromMinutes(10);

    // More failures do not change the delay.
    private const int MaxFailures = 16;

    private readonly SortedSet<(DateTimeOffset Time, string Uid)> _failures = [];
    private DateTimeOffset _lastSuccess = DateTimeOffset.MinValue;

    /// <summary>Records a pod that succeeded.</summary>
    public void RecordSuccess(V1Pod pod)
    {
        var time = pod.FinishedAt();
        _lastSuccess = time > _lastSuccess ? time : _lastSuccess;
        _failures.RemoveWhere(f => f.Time <= _lastSuccess);
    }

    /// <summary>Records a pod that failed.</summary>
    public void RecordFailure(V1Pod pod)
    {
        var time = pod.FinishedAt();
        if (time <= _lastSuccess || _failures.Any(f => f.Uid == pod.Metadata.Uid))
        {
            return;
        }
        _failures.Add((time, pod.Metadata.Uid));
        if (_failures.Count > MaxFailures)
        {
            _failures.Remove(_failures.Min);
        }
    }

    /// <summary>The remaining delay; zero when the pod may be replaced.</summary>
    public TimeSpan Remaining(DateTimeOffset now) =>
        _failures.Count == 0 ? TimeSpan.Zero : Remaining(_failures.Count, _failures.Max.Time, now);

    /// <summary>The remaining delay after this many failures in a row.</summary>
    public static TimeSpan Remaining(int failures, DateTimeOffset last, DateTimeOffset now)
    {
        if (failures <= 0)
        {
            return TimeSpan.Zero;
        }
        var delay = BaseDelay * Math.Pow(2, Math.Min(failures - 1, MaxFailures));
        delay = delay < MaxDelay ? delay : MaxDelay;
        return last + delay > now ? last + delay - now : TimeSpan.Zero;
    }
}
