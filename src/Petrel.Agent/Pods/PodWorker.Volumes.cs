using k8s.Models;
using Petrel.Agent.Volumes;

namespace Petrel.Agent.Pods;

/// <content>Evicts the pod when one of its volumes exceeds its size limit.</content>
internal sealed partial class PodWorker
{
    private const string Evicted = "Evicted";

    // A pod that fills the node's disk does not get the grace period of its spec (as upstream).
    private static readonly TimeSpan EvictionGrace = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MeasureInterval = TimeSpan.FromSeconds(10);

    // A measurement takes at most this share of the time, however many files the volumes have.
    private const int MeasureShare = 20;

    private DateTimeOffset _measureAt;

    private async ValueTask CheckVolumeSizesAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        if (_gone || _failReason.Length > 0 || pod.Metadata.DeletionTimestamp is not null || !EmptyDirLimits.Apply(pod))
        {
            return;
        }
        var now = _context.Time.GetUtcNow();
        if (now >= _measureAt)
        {
            var start = _context.Time.GetTimestamp();
            if (await EmptyDirLimits.ExceededAsync(_context.Files, pod, cancellationToken) is { } message)
            {
                (_failReason, _failMessage) = (Evicted, message);
                _context.Events.Record(pod, "Warning", _failReason, message);
                return;
            }
            var pause = _context.Time.GetElapsedTime(start) * MeasureShare;
            _measureAt = now + (pause > MeasureInterval ? pause : MeasureInterval);
        }
        WakeIn(_measureAt - now);
    }
}
