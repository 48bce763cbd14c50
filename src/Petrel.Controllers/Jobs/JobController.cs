using System.Runtime.ExceptionServices;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Controllers.PodControl;
using Petrel.Model;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// Runs jobs: makes their pods, counts how they end, and ends the job when they have done enough, failed too often or taken too long. Pods
/// that are left with the tracking finalizer when their job is gone or over are released by <see cref="OrphanedPods"/>.
/// </summary>
public sealed class JobController : IController, IReconciler, IDisposable
{
    // A job that always has a next step gives others their turn.
    private const int MaxSteps = 100;

    private readonly ControllerContext _context;
    private readonly ClusterCaches _caches;
    private readonly WorkQueue<ObjectKey> _queue;
    private readonly EventRecorder _events;
    private readonly JobWriter _writer;
    private readonly OrphanedPods _orphans;
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, JobControllerState> _states = []; // only looked up

    public JobController(ControllerContext context)
    {
        _context = context;
        _caches = context.Caches;
        _queue = new(context.Time, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        _events = context.Events(Name);
        _writer = new(context.Client, _caches, _events, context.Entropy);
        _orphans = new(context);
        _caches.Jobs.OnChange(change => _queue.Add(KeyOf(change.Latest)));
        _caches.Pods.OnChange(OnPodChange);
    }

    /// <inheritdoc/>
    public string Name => "job-controller";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        await _caches.WaitAsync(cancellationToken);
        var host = new ReconcilerHost(this, _queue, _context.Logs.CreateLogger(Name), _context.Settings.Workers);
        await Loops.RunTogetherAsync(cancellationToken, host.RunAsync, _orphans.RunAsync, _events.RunAsync);
    }

    /// <inheritdoc/>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (Find(key) is not { } job)
        {
            return null;
        }
        // Nothing is created or deleted while it is not known what became of what was, nor after it was refused.
        var problem = await _writer.RetryUnknownWritesAsync(job, cancellationToken);
        var batch = 1;
        for (var step = 0; step < MaxSteps; step++)
        {
            if (Find(key) is not { } current)
            {
                return null;
            }
            switch (Plan(current, manage: problem is null))
            {
                case JobAction.Claim claim:
                    await _writer.ClaimAsync(current, claim, cancellationToken);
                    break;
                case JobAction.VerifyPods look:
                    StateOf(current).Gone.UnionWith(await _writer.FindGoneAsync(current, look.Uids, cancellationToken));
                    break;
                case JobAction.WriteStatus write:
                    await _writer.WriteStatusAsync(current, write, cancellationToken);
                    break;
                case JobAction.AddFinalizer track:
                    await _writer.TrackAsync(track.Pods, cancellationToken);
                    break;
                case JobAction.DeletePods delete:
                    problem = await _writer.DeleteAsync(current, delete, cancellationToken);
                    break;
                case JobAction.CreatePods create:
                    // Slow start: what makes one create fail (a quota, say) makes them all fail, and is found out with few of them.
                    problem = await _writer.CreateAsync(current, create.Pods.Take(batch), cancellationToken);
                    batch *= 2;
                    break;
                case JobAction.RemoveFinalizer release:
                    await _writer.ReleaseAsync(release.Pods, cancellationToken);
                    StateOf(current).Gone.UnionWith(release.Pods.Select(p => p.Metadata.Uid));
                    break;
                case JobAction.Wait wait:
                    if (problem is not null && !PodWriter.IsNamespaceTerminating(problem))
                    {
                        ExceptionDispatchInfo.Throw(problem);
                    }
                    return RequeueDelay.Limit(wait.RequeueAfter);
            }
        }
        return TimeSpan.Zero;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _queue.Dispose();
        _orphans.Dispose();
    }

    // The job, when there is something to do about it.
    private V1Job? Find(ObjectKey key)
    {
        if (_caches.Jobs.Get(key) is { } job && job.IsManagedByThisController() && !job.IsFinished())
        {
            return job;
        }
        _writer.Forget(key);
        lock (_gate)
        {
            _states.Remove(key);
        }
        return null;
    }

    private JobAction Plan(V1Job job, bool manage)
    {
        var now = _context.Time.GetUtcNow();
        List<V1Pod> pods = [.. _caches.Pods.ControlledBy(job.Metadata.Uid)];
        var state = StateOf(job);
        state.Look(job, pods);
        return JobPlan.Compute(
            job,
            pods.Concat(_caches.Pods.OrphansIn(job.Metadata.NamespaceProperty)),
            state.Gone,
            state.Backoff.Remaining(now),
            manage,
            now
        );
    }

    private JobControllerState StateOf(V1Job job)
    {
        lock (_gate)
        {
            if (!_states.TryGetValue(KeyOf(job), out var state) || state.JobUid != job.Metadata.Uid)
            {
                state = _states[KeyOf(job)] = new(job.Metadata.Uid);
            }
            return state;
        }
    }

    private void OnPodChange(CacheChange<V1Pod> change)
    {
        WakeOwner(change.Old);
        WakeOwner(change.New);
        if (change.New is { } pod && pod.ControllerReference() is null && Orphans.MayBeAdoptable(change.Old, pod))
        {
            foreach (var job in _caches.Jobs.ByIndex(ClusterCaches.ByNamespace, pod.Metadata.NamespaceProperty))
            {
                if (LabelSets.Selector(job.Spec.Selector).Matches(LabelSets.Of(pod.Metadata.Labels)))
                {
                    _queue.Add(KeyOf(job));
                }
            }
        }
    }

    private void WakeOwner(V1Pod? pod)
    {
        if (pod?.ControllerReference() is { Kind: "Job" } owner)
        {
            var key = new ObjectKey(pod.Metadata.NamespaceProperty, owner.Name);
            if (_caches.Jobs.Get(key)?.Metadata.Uid == owner.Uid)
            {
                _queue.Add(key);
            }
        }
    }

    private static ObjectKey KeyOf(V1Job job) => new(job.Metadata.NamespaceProperty, job.Metadata.Name);
}
