using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Model;

namespace Petrel.Controllers.Jobs;

/// <summary>Deletes finished jobs, and with them their pods, <c>spec.ttlSecondsAfterFinished</c> after they ended.</summary>
public sealed class TtlAfterFinishedController : IController, IReconciler, IDisposable
{
    private readonly ControllerContext _context;
    private readonly WorkQueue<ObjectKey> _queue;

    public TtlAfterFinishedController(ControllerContext context)
    {
        _context = context;
        _queue = new(context.Time);
        context.Caches.Jobs.OnChange(change =>
        {
            if (change.New is { } job && ExpiresAt(job) is not null)
            {
                _queue.Add(new(job.Metadata.NamespaceProperty, job.Metadata.Name));
            }
        });
    }

    /// <inheritdoc/>
    public string Name => "ttl-after-finished-controller";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        await _context.Caches.WaitAsync(cancellationToken);
        await new ReconcilerHost(this, _queue, _context.Logs.CreateLogger(Name), _context.Settings.Workers).RunAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (Left(_context.Caches.Jobs.Get(key)) is not { } left)
        {
            return null;
        }
        if (left > TimeSpan.Zero)
        {
            return RequeueDelay.Limit(left);
        }
        // The cache may show a time to live that was changed.
        var live = await _context.Client.FindAsync<V1Job>(key, cancellationToken);
        if (Left(live) is not { } rest || rest > TimeSpan.Zero)
        {
            return RequeueDelay.Limit(Left(live));
        }
        var options = new V1DeleteOptions
        {
            PropagationPolicy = "Foreground",
            Preconditions = new() { Uid = live!.Metadata.Uid, ResourceVersion = live.Metadata.ResourceVersion },
        };
        await _context.Client.DeleteAsync<V1Job>(key, options, cancellationToken);
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    private TimeSpan? Left(V1Job? job) => job is null ? null : ExpiresAt(job) - _context.Time.GetUtcNow();

    private static DateTimeOffset? ExpiresAt(V1Job job)
    {
        if (job.Metadata.DeletionTimestamp is not null || job.Spec.TtlSecondsAfterFinished is not { } seconds)
        {
            return null;
        }
        var end = job.Status?.Conditions?.FirstOrDefault(c => c is { Type: JobNames.Complete or JobNames.Failed, Status: "True" });
        return end?.LastTransitionTime is { } time ? PodStates.Utc(time).AddSeconds(seconds) : null;
    }
}
