using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Adoption;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Controllers.PodControl;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Workloads;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// Executes the actions of Job plans, and returns when the caches show the result. Writes of the status and of pods carry the
/// resourceVersion that was planned for: whatever became of an earlier attempt, nothing happens twice.
/// </summary>
internal sealed class JobWriter(ApiClient client, ClusterCaches caches, EventRecorder events, IEntropy entropy)
{
    private readonly PodWriter _pods = new(client, caches.Pods, events);
    private readonly LiveObjectCheck<V1Job> _liveCheck = new(client, caches.Jobs);
    private readonly StatusWriter<V1Job> _status = new(client, caches.Jobs);
    private readonly TrackingFinalizer _finalizer = new(client, caches.Pods);

    /// <summary>Forgets a Job that is gone or finished.</summary>
    public void Forget(ObjectKey job) => _pods.Expectations.Forget(job);

    /// <summary>Repeats the creates and deletes whose outcome is unknown.</summary>
    public ValueTask<PodBatchResult> RetryUnknownAsync(V1Job job, CancellationToken cancellationToken) =>
        _pods.RetryUnknownAsync(job, cancellationToken);

    /// <summary>Releases pods, then adopts others if the cached Job is up to date.</summary>
    public async ValueTask AdoptAsync(V1Job job, AdoptionPlan<V1Pod> plan, CancellationToken cancellationToken)
    {
        foreach (var pod in plan.Release)
        {
            await _finalizer.ReleaseAsync(job, pod, cancellationToken);
        }
        if (plan.Adopt.Count == 0 || !await _liveCheck.IsUpToDateAsync(job, cancellationToken))
        {
            return;
        }
        foreach (var pod in plan.Adopt)
        {
            await _finalizer.AdoptAsync(job, pod, cancellationToken);
        }
    }

    /// <summary>
    /// Asks the API which of these pods of the Job are gone or counted. Those that exist and are still to be counted are in the cache when
    /// this returns.
    /// </summary>
    public async ValueTask<IReadOnlyList<string>> FindGoneAsync(V1Job job, IReadOnlyList<string> uids, CancellationToken cancellationToken)
    {
        var (all, _) = await client.ListAsync<V1Pod>(job.Metadata.NamespaceProperty, cancellationToken);
        var tracked = all.Where(p => uids.Contains(p.Metadata.Uid) && p.IsTracked() && p.IsControlledBy(job.Metadata.Uid)).ToList();
        foreach (var pod in tracked)
        {
            await caches.Pods.WaitForWriteAsync(pod, cancellationToken);
        }
        return [.. uids.Except(tracked.Select(p => p.Metadata.Uid))];
    }

    /// <summary>Writes the status, then records the events.</summary>
    public async ValueTask WriteStatusAsync(V1Job job, JobAction.WriteStatus action, CancellationToken cancellationToken)
    {
        await _status.WriteAsync(job, copy => copy.Status = action.Status, cancellationToken);
        foreach (var note in action.Events)
        {
            note.Record(events, job);
        }
    }

    /// <summary>Removes the finalizer from pods that are counted.</summary>
    public async ValueTask RemoveFinalizerAsync(IReadOnlyList<V1Pod> pods, CancellationToken cancellationToken) =>
        await Task.WhenAll(pods.Select(pod => _finalizer.RemoveAsync(pod, cancellationToken)));

    /// <summary>Adds the finalizer to pods that lack it.</summary>
    public async ValueTask AddFinalizerAsync(IReadOnlyList<V1Pod> pods, CancellationToken cancellationToken) =>
        await Task.WhenAll(pods.Select(pod => _finalizer.AddAsync(pod, cancellationToken)));

    /// <summary>Deletes pods, unless the cached Job is out of date.</summary>
    public async ValueTask<PodBatchResult> DeleteAsync(V1Job job, JobAction.DeletePods action, CancellationToken cancellationToken)
    {
        if (!await _liveCheck.IsUpToDateAsync(job, cancellationToken))
        {
            return PodBatchResult.Success;
        }
        if (action.Uncounted)
        {
            await RemoveFinalizerAsync([.. action.Pods.Where(JobSpecs.IsTracked)], cancellationToken);
        }
        return await _pods.DeleteAsync(job, action.Pods, cancellationToken);
    }

    /// <summary>Creates pods, unless the cached Job is out of date.</summary>
    public async ValueTask<PodBatchResult> CreateAsync(V1Job job, IEnumerable<NewJobPod> pods, CancellationToken cancellationToken) =>
        await _liveCheck.IsUpToDateAsync(job, cancellationToken)
            ? await _pods.CreateAsync(job, [.. pods.Select(p => JobPod.From(job, p, entropy))], cancellationToken)
            : PodBatchResult.Success;
}
