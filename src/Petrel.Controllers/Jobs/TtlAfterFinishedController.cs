using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Model;

namespace Petrel.Controllers.Jobs;

/// <summary>Deletes finished Jobs, and with them their pods, <c>spec.ttlSecondsAfterFinished</c> after they ended.</summary>
public sealed class TtlAfterFinishedController : IController
{
    private readonly ControllerContext _context;
    private readonly ControllerLoop _loop;

    public TtlAfterFinishedController(ControllerContext context)
    {
        _context = context;
        _loop = new(context, "ttl-after-finished-controller", SyncAsync);

        _loop.WatchExisting(context.Caches.Jobs, job => ExpiresAt(job) is not null);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (UntilExpiry(_context.Caches.Jobs.Get(key)) is not { } remaining)
        {
            return null;
        }
        if (remaining > TimeSpan.Zero)
        {
            return RequeueDelay.Limit(remaining);
        }
        // The cache may still show a time to live that was changed.
        var live = await _context.Client.FindAsync<V1Job>(key, cancellationToken);
        if (UntilExpiry(live) is not { } liveRemaining || liveRemaining > TimeSpan.Zero)
        {
            return RequeueDelay.Limit(UntilExpiry(live));
        }
        var options = new V1DeleteOptions
        {
            PropagationPolicy = "Foreground",
            Preconditions = new() { Uid = live!.Metadata.Uid, ResourceVersion = live.Metadata.ResourceVersion },
        };
        await _context.Client.DeleteAsync<V1Job>(key, options, cancellationToken);
        return null;
    }

    private TimeSpan? UntilExpiry(V1Job? job) => job is null ? null : ExpiresAt(job) - _context.Time.GetUtcNow();

    private static DateTimeOffset? ExpiresAt(V1Job job)
    {
        if (job.Metadata.DeletionTimestamp is not null || job.Spec.TtlSecondsAfterFinished is not { } seconds)
        {
            return null;
        }
        var end = job.Status?.Conditions?.FirstOrDefault(c => c is { Type: JobNames.Complete or JobNames.Failed, Status: "True" });
        return end?.LastTransitionTime?.AsUtc().AddSeconds(seconds);
    }
}
