using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// Removes the tracking finalizer from pods that no Job will count: pods without a controller, and pods whose Job is gone or finished. They
/// could not be deleted otherwise. (Upstream: the orphan queue of the Job controller.)
/// </summary>
internal sealed class OrphanedPodController : IController
{
    private readonly ControllerContext _context;
    private readonly ClusterCaches _caches;
    private readonly ControllerLoop _loop;
    private readonly OwnerLookup<V1Job> _owners;
    private readonly TrackingFinalizer _finalizer;

    public OrphanedPodController(ControllerContext context)
    {
        _context = context;
        _caches = context.Caches;
        _loop = new(
            context,
            "job-orphan-pod",
            SyncAsync,
            new()
            {
                Workers = 1,
                BaseDelay = TimeSpan.FromMilliseconds(100),
                MaxDelay = TimeSpan.FromMinutes(1),
            }
        );
        _owners = new(_caches.Jobs, job => job.Spec.Selector);
        _finalizer = new(context.Client, _caches.Pods);

        _loop.WatchExisting(_caches.Pods, IsOrphaned);
        _loop.Watch(_caches.Jobs, KeysOf);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    private IEnumerable<ObjectKey> KeysOf(CacheChange<V1Job> change) =>
        change.New is null || change.New.IsFinished()
            ? _caches.Pods.ControlledBy(change.Latest.Metadata.Uid).Where(IsOrphaned).Select(pod => pod.Key())
            : [];

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_caches.Pods.Get(key) is { } pod && IsOrphaned(pod) && !await HasLiveJobAsync(pod, cancellationToken))
        {
            await _finalizer.RemoveAsync(pod, cancellationToken);
        }
        return null;
    }

    private bool IsOrphaned(V1Pod pod)
    {
        if (!pod.IsTracked() || pod.ControllerReference() is not { } owner)
        {
            return pod.IsTracked();
        }
        return owner is { Kind: "Job", ApiVersion: "batch/v1" }
            && (_owners.ControllerOf(pod) is not { } job || (job.IsFinished() && job.IsManagedByThisController()));
    }

    // A Job that the cache does not show yet may still count the pod.
    private async ValueTask<bool> HasLiveJobAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        if (pod.ControllerReference() is not { } owner || _owners.ControllerOf(pod) is not null)
        {
            return false;
        }
        var job = await _context.Client.FindAsync<V1Job>(new(pod.Metadata.NamespaceProperty, owner.Name), cancellationToken);
        return job?.Metadata.Uid == owner.Uid;
    }
}
