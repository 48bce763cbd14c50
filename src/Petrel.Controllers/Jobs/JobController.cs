using System.Runtime.ExceptionServices;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Adoption;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// Runs Jobs: creates their pods, counts how the pods end, and ends a Job when it has enough successes, too many failures, or exceeded its
/// deadline. <see cref="OrphanedPodController"/> releases pods that keep the tracking finalizer when their Job is gone or finished.
/// </summary>
public sealed class JobController : IController
{
    // After this many actions, other Jobs get their turn.
    private const int MaxActionsPerSync = 100;

    private readonly ControllerContext _context;
    private readonly ClusterCaches _caches;
    private readonly ControllerLoop _loop;
    private readonly OwnerLookup<V1Job> _owners;
    private readonly JobWriter _writer;
    private readonly ObjectStates<JobControllerState> _states = new(() => new());

    public JobController(ControllerContext context)
    {
        _context = context;
        _caches = context.Caches;
        _loop = new(
            context,
            "job-controller",
            SyncAsync,
            new() { BaseDelay = TimeSpan.FromMilliseconds(100), MaxDelay = TimeSpan.FromMinutes(1) }
        );
        _owners = new(_caches.Jobs, job => job.Spec.Selector);
        _writer = new(context.Client, _caches, _loop.Events, context.Entropy);

        _loop.Watch(_caches.Jobs);
        _loop.Watch(_caches.Pods, KeysOf);
        _loop.AlsoRun(new OrphanedPodController(context).RunAsync);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    private IEnumerable<ObjectKey> KeysOf(CacheChange<V1Pod> change) =>
        Orphans.MayBeAdoptable(change)
            ? _owners.ControllersOf(change).Concat(_owners.Selecting(change.New!))
            : _owners.ControllersOf(change);

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (FindUnfinished(key) is not { } job)
        {
            return null;
        }
        // Pods are neither created nor deleted while the outcome of an earlier write is unknown, nor after a write was rejected.
        var result = await _writer.RetryUnknownAsync(job, cancellationToken);
        var batchSize = 1;
        for (var actions = 0; actions < MaxActionsPerSync; actions++)
        {
            if (FindUnfinished(key) is not { } current)
            {
                return null;
            }
            switch (Plan(current, managesPods: result.Succeeded))
            {
                case JobAction.Adopt adopt:
                    await _writer.AdoptAsync(current, adopt.Plan, cancellationToken);
                    break;
                case JobAction.VerifyPods verify:
                    _states.Get(current).GonePods.UnionWith(await _writer.FindGoneAsync(current, verify.Uids, cancellationToken));
                    break;
                case JobAction.WriteStatus write:
                    await _writer.WriteStatusAsync(current, write, cancellationToken);
                    break;
                case JobAction.AddFinalizer add:
                    await _writer.AddFinalizerAsync(add.Pods, cancellationToken);
                    break;
                case JobAction.DeletePods delete:
                    result = await _writer.DeleteAsync(current, delete, cancellationToken);
                    break;
                case JobAction.CreatePods create:
                    // Batches of doubling size: what makes one create fail, for example a quota, makes them all fail.
                    result = await _writer.CreateAsync(current, create.Pods.Take(batchSize), cancellationToken);
                    batchSize *= 2;
                    break;
                case JobAction.RemoveFinalizer remove:
                    await _writer.RemoveFinalizerAsync(remove.Pods, cancellationToken);
                    _states.Get(current).GonePods.UnionWith(remove.Pods.Select(p => p.Metadata.Uid));
                    break;
                case JobAction.Wait wait:
                    if (result.Error is { } error)
                    {
                        ExceptionDispatchInfo.Throw(error);
                    }
                    return RequeueDelay.Limit(wait.RequeueAfter);
            }
        }
        return TimeSpan.Zero;
    }

    // The Job, if this controller has anything to do about it.
    private V1Job? FindUnfinished(ObjectKey key)
    {
        if (_caches.Jobs.Get(key) is { } job && job.IsManagedByThisController() && !job.IsFinished())
        {
            return job;
        }
        _writer.Forget(key);
        _states.Forget(key);
        return null;
    }

    private JobAction Plan(V1Job job, bool managesPods)
    {
        var now = _context.Time.GetUtcNow();
        var state = _states.Get(job);
        state.Update(job, _caches.Pods.ControlledBy(job.Metadata.Uid));
        return JobPlan.Compute(
            job,
            _caches.Pods.ControlledByOrOrphaned(job.Metadata),
            state.GonePods,
            state.Backoff.Remaining(now),
            managesPods,
            now
        );
    }
}
