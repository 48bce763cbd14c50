using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Model;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// Takes the tracking finalizer off pods that no job will ever count: those that no job controls, and those whose job is gone or finished.
/// Without that they could not be deleted.
/// </summary>
internal sealed class OrphanedPods : IReconciler, IDisposable
{
    private readonly ControllerContext _context;
    private readonly ClusterCaches _caches;
    private readonly WorkQueue<ObjectKey> _queue;
    private readonly TrackingFinalizer _finalizer;

    public OrphanedPods(ControllerContext context)
    {
        _context = context;
        _caches = context.Caches;
        _queue = new(context.Time, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        _finalizer = new(context.Client, _caches.Pods);
        _caches.Pods.OnChange(change => Add(change.New));
        _caches.Jobs.OnChange(OnJobChange);
    }

    /// <inheritdoc/>
    public string Name => "job-orphan-pod";

    /// <summary>Works until cancelled; the caches have their first lists.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        new ReconcilerHost(this, _queue, _context.Logs.CreateLogger(Name)).RunAsync(cancellationToken);

    /// <inheritdoc/>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_caches.Pods.Get(key) is not { } pod || !IsOrphaned(pod) || await MayCountAsync(pod, cancellationToken))
        {
            return null;
        }
        await _finalizer.RemoveAsync(pod, cancellationToken);
        return null;
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    private bool IsOrphaned(V1Pod pod)
    {
        if (!pod.IsTracked() || pod.ControllerReference() is not { } owner)
        {
            return pod.IsTracked();
        }
        return owner is { Kind: "Job", ApiVersion: "batch/v1" }
            && (JobOf(pod, owner) is not { } job || (job.IsFinished() && job.IsManagedByThisController()));
    }

    // The cache may not show the job yet, or another one of its name.
    private async ValueTask<bool> MayCountAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        if (pod.ControllerReference() is not { } owner || JobOf(pod, owner) is not null)
        {
            return false;
        }
        var job = await _context.Client.FindAsync<V1Job>(new(pod.Metadata.NamespaceProperty, owner.Name), cancellationToken);
        return job?.Metadata.Uid == owner.Uid;
    }

    private V1Job? JobOf(V1Pod pod, V1OwnerReference owner) =>
        _caches.Jobs.Get(new(pod.Metadata.NamespaceProperty, owner.Name)) is { } job && job.Metadata.Uid == owner.Uid ? job : null;

    private void OnJobChange(CacheChange<V1Job> change)
    {
        if (change.New is null || change.New.IsFinished())
        {
            foreach (var pod in _caches.Pods.ControlledBy(change.Latest.Metadata.Uid))
            {
                Add(pod);
            }
        }
    }

    private void Add(V1Pod? pod)
    {
        if (pod is not null && IsOrphaned(pod))
        {
            _queue.Add(new(pod.Metadata.NamespaceProperty, pod.Metadata.Name));
        }
    }
}
