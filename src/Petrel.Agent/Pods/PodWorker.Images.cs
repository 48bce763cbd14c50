using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Agent.Probes;
using Petrel.Agent.Runtimes;
using Petrel.Model.Documents;

namespace Petrel.Agent.Pods;

/// <content>Image pulls according to the container's pull policy, with back-off.</content>
internal sealed partial class PodWorker
{
    private async ValueTask<bool> EnsureImageAsync(
        V1Pod pod,
        V1Container container,
        ContainerTrack track,
        CancellationToken cancellationToken
    )
    {
        var path = ContainerFieldPaths.Of(pod, container);
        var present = await _context.Runtime.FindImageAsync(container.Image, cancellationToken);
        if (present is not null && container.ImagePullPolicy != "Always")
        {
            _context.Events.Record(pod, "Normal", "Pulled", $"Container image \"{container.Image}\" already present on machine", path);
            return true;
        }
        if (container.ImagePullPolicy == "Never")
        {
            Fail(track, "ErrImageNeverPull", $"Container image \"{container.Image}\" is not present with pull policy of Never");
            _context.Events.Record(pod, "Warning", "ErrImageNeverPull", track.WaitingMessage, path);
            return false;
        }
        _context.Events.Record(pod, "Normal", "Pulling", $"Pulling image \"{container.Image}\"", path);
        var start = _context.Time.GetTimestamp();
        try
        {
            var image = await _context.Runtime.PullImageAsync(container.Image, cancellationToken);
            track.PullFailures = 0;
            _context.Events.Record(
                pod,
                "Normal",
                "Pulled",
                $"Successfully pulled image \"{container.Image}\" in {PullTime(start)}. Image size: " + $"{image.SizeBytes} bytes.",
                path
            );
            return true;
        }
        catch (RuntimeException e) when (present is not null)
        {
            // The policy Always pulls from the registry first. If the pull fails, use the image that the node already has.
            LogPullSkipped(_context.Logger, container.Image, e.Message);
            _context.Events.Record(pod, "Normal", "Pulled", $"Container image \"{container.Image}\" already present on machine", path);
            return true;
        }
        catch (RuntimeException e)
        {
            _context.Events.Record(pod, "Warning", "Failed", $"Failed to pull image \"{container.Image}\": {e.Message}", path);
            track.WaitingReason = track.PullFailures == 0 ? e.Reason : "ImagePullBackOff";
            track.WaitingMessage = track.PullFailures == 0 ? e.Message : $"Back-off pulling image \"{container.Image}\": {e.Message}";
            var delay = TimeSpan.FromTicks(
                (long)
                    Math.Min(_context.Settings.BackOffBase.Ticks * Math.Pow(2, track.PullFailures++), _context.Settings.BackOffLimit.Ticks)
            );
            track.NotBefore = _context.Time.GetUtcNow() + delay;
            WakeIn(delay);
            return false;
        }
    }

    // The duration of a pull in milliseconds, as upstream.
    private string PullTime(long start) =>
        GoDuration.Format(TimeSpan.FromMilliseconds(Math.Floor(_context.Time.GetElapsedTime(start).TotalMilliseconds)));

    [LoggerMessage(
        EventId = 5011,
        Level = LogLevel.Debug,
        Message = "{Image} could not be pulled; the image on the node is used: {Reason}"
    )]
    private static partial void LogPullSkipped(ILogger logger, string image, string reason);
}
