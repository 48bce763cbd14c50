using k8s.Models;
using Petrel.Agent.Probes;
using Petrel.Agent.Runtimes;
using Petrel.Model.Documents;
using Petrel.Model.Timing;

namespace Petrel.Agent.Pods;

/// <content>Image pulls according to the container's pull policy, with back-off. Reasons and events are upstream's.</content>
internal sealed partial class PodWorker
{
    private const string PullBackOff = "ImagePullBackOff";

    private async ValueTask<bool> EnsureImageAsync(
        V1Pod pod,
        V1Container container,
        ContainerTrack track,
        CancellationToken cancellationToken
    )
    {
        ImageStatus? present;
        try
        {
            present = await _context.Runtime.FindImageAsync(container.Image, cancellationToken);
        }
        catch (RuntimeException e)
        {
            var problem = $"Failed to apply default image tag \"{container.Image}\": {e.Message}";
            RecordFailure(pod, container, "InspectFailed", problem, e.Reason);
            Fail(track, e.Reason, problem);
            return false;
        }
        // The policy Always asks the registry even for an image that is present, because the tag may name another image by now.
        if (present is not null && container.ImagePullPolicy != "Always")
        {
            Record(pod, container, "Normal", "Pulled", $"Container image \"{container.Image}\" already present on machine");
            return true;
        }
        if (container.ImagePullPolicy == "Never")
        {
            const string reason = "ErrImageNeverPull";
            Fail(track, reason, $"Container image \"{container.Image}\" is not present with pull policy of Never");
            RecordFailure(pod, container, reason, track.WaitingMessage, reason);
            return false;
        }
        Record(pod, container, "Normal", "Pulling", $"Pulling image \"{container.Image}\"");
        var start = _context.Time.GetTimestamp();
        // A pull may hang for as long as a registry likes: the pod's deletion and deadline end it.
        using var limit = new CancellationTokenSource(LongDurations.ForTimer(UntilDeadline(pod)), _context.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _ending.Token, limit.Token);
        try
        {
            var image = await _context.Runtime.PullImageAsync(container.Image, either.Token);
            track.PullFailures = 0;
            var text = $"Successfully pulled image \"{container.Image}\" in {PullTime(start)}. Image size: {image.SizeBytes} bytes.";
            Record(pod, container, "Normal", "Pulled", text);
            return true;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            Wake();
            return false;
        }
        catch (RuntimeException e)
        {
            RecordFailure(pod, container, "Failed", $"Failed to pull image \"{container.Image}\": {e.Message}", e.Reason);
            (track.WaitingReason, track.WaitingMessage) = (e.Reason, e.Message);
            var delay = TimeSpan.FromTicks(
                (long)
                    Math.Min(_context.Settings.BackOffBase.Ticks * Math.Pow(2, track.PullFailures++), _context.Settings.BackOffLimit.Ticks)
            );
            track.NotBefore = _context.Time.GetUtcNow() + delay;
            // As upstream, the status first shows the failure, then that the next attempt waits.
            track.PullBacksOffAt = _context.Time.GetUtcNow() + delay / 2;
            WakeIn(delay / 2);
            return false;
        }
    }

    // Shows that the pull waits for its next attempt.
    private void ShowPullBackOff(V1Pod pod, V1Container container, ContainerTrack track)
    {
        if (track.PullBacksOffAt is not { } at || track.WaitingReason == PullBackOff)
        {
            return;
        }
        if (_context.Time.GetUtcNow() < at)
        {
            WakeIn(at - _context.Time.GetUtcNow());
            return;
        }
        var text = $"Back-off pulling image \"{container.Image}\"";
        Record(pod, container, "Normal", "BackOff", text);
        Record(pod, container, "Warning", "Failed", $"Error: {PullBackOff}");
        track.WaitingMessage = $"{text}: {track.WaitingReason}: {track.WaitingMessage}";
        track.WaitingReason = PullBackOff;
        track.PullBacksOffAt = null;
    }

    // The cause of a failure, then as a second event the reason that the container's status shows.
    private void RecordFailure(V1Pod pod, V1Container container, string eventReason, string cause, string reason)
    {
        Record(pod, container, "Warning", eventReason, cause);
        Record(pod, container, "Warning", "Failed", $"Error: {reason}");
    }

    private void Record(V1Pod pod, V1Container container, string type, string reason, string message) =>
        _context.Events.Record(pod, type, reason, message, ContainerFieldPaths.Of(pod, container));

    // The duration of a pull in milliseconds, as upstream.
    private string PullTime(long start) =>
        GoDuration.Format(TimeSpan.FromMilliseconds(Math.Floor(_context.Time.GetElapsedTime(start).TotalMilliseconds)));
}
