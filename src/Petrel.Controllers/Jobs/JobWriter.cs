using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.PodControl;
using Petrel.Controllers.StatefulSets;
using Petrel.Model;
using Petrel.Model.Determinism;

namespace Petrel.Controllers.Jobs;

/// <summary>
/// Carries out the steps of job plans, and returns when the caches show what was done. A write of the status fails when the job is not the
/// one that was planned for any more, and so does a change of a pod: whatever became of an earlier attempt, nothing happens twice.
/// </summary>
internal sealed class JobWriter
{
    private readonly ApiClient _client;
    private readonly ClusterCaches _caches;
    private readonly EventRecorder _events;
    private readonly IEntropy _entropy;
    private readonly Expectations _expectations = new();
    private readonly PodWriter _pods;
    private readonly LiveObjectCheck<V1Job> _liveCheck;
    private readonly TrackingFinalizer _finalizer;

    public JobWriter(ApiClient client, ClusterCaches caches, EventRecorder events, IEntropy entropy)
    {
        _client = client;
        _caches = caches;
        _events = events;
        _entropy = entropy;
        _pods = new(client, events, _expectations);
        _liveCheck = new(client, caches.Jobs);
        _finalizer = new(client, caches.Pods);
    }

    /// <summary>Forgets what is unknown about a job that is over.</summary>
    public void Forget(ObjectKey job) => _expectations.Forget(job);

    /// <summary>Repeats the creates and deletes whose outcome is unknown, as they were. Answers the problem when some still is.</summary>
    public async ValueTask<Exception?> RetryUnknownWritesAsync(V1Job job, CancellationToken cancellationToken)
    {
        var (creates, deletes) = _expectations.Pending(PodOwner.Of(job));
        return await CreateAsync(job, creates, repeated: true, cancellationToken) ?? await DeleteAsync(job, deletes, cancellationToken);
    }

    /// <summary>Adopts pods and lets others go.</summary>
    public async ValueTask ClaimAsync(V1Job job, JobAction.Claim claim, CancellationToken cancellationToken)
    {
        var owner = PodOwner.Of(job);
        foreach (var pod in claim.Release)
        {
            await _finalizer.ReleaseAsync(owner, pod, cancellationToken);
        }
        if (claim.Adopt.Count == 0 || !await _liveCheck.IsUpToDateAsync(job, cancellationToken))
        {
            return;
        }
        foreach (var pod in claim.Adopt)
        {
            await _finalizer.AdoptAsync(owner, pod, cancellationToken);
        }
    }

    /// <summary>
    /// Which of these pods of the job do not exist any more, or are counted, as the API says; those that are there and still to be counted
    /// are in the cache when this returns.
    /// </summary>
    public async ValueTask<IReadOnlyList<string>> FindGoneAsync(V1Job job, IReadOnlyList<string> uids, CancellationToken cancellationToken)
    {
        var (all, _) = await _client.ListAsync<V1Pod>(job.Metadata.NamespaceProperty, cancellationToken);
        var there = all.Where(p => uids.Contains(p.Metadata.Uid) && p.IsTracked() && p.IsControlledBy(job.Metadata.Uid)).ToList();
        foreach (var pod in there)
        {
            await _caches.Pods.WaitForRevisionAsync(ulong.Parse(pod.Metadata.ResourceVersion), cancellationToken);
        }
        return [.. uids.Except(there.Select(p => p.Metadata.Uid))];
    }

    /// <summary>Writes the status, then records what it tells of.</summary>
    public async ValueTask WriteStatusAsync(V1Job job, JobAction.WriteStatus step, CancellationToken cancellationToken)
    {
        var updated = KubernetesJson.Deserialize<V1Job>(KubernetesJson.Serialize(job));
        updated.Status = step.Status;
        updated = await _client.UpdateStatusAsync(updated, cancellationToken);
        foreach (var note in step.Events)
        {
            _events.Record(job, note.Type, note.Reason, note.Message);
        }
        await _caches.Jobs.WaitForRevisionAsync(ulong.Parse(updated.Metadata.ResourceVersion), cancellationToken);
    }

    /// <summary>Takes the finalizer off pods that are accounted for.</summary>
    public async ValueTask ReleaseAsync(IReadOnlyList<V1Pod> pods, CancellationToken cancellationToken) =>
        await Task.WhenAll(pods.Select(pod => _finalizer.RemoveAsync(pod, cancellationToken)));

    /// <summary>Puts the finalizer on pods that lack it.</summary>
    public async ValueTask TrackAsync(IReadOnlyList<V1Pod> pods, CancellationToken cancellationToken) =>
        await Task.WhenAll(pods.Select(pod => _finalizer.AddAsync(pod, cancellationToken)));

    /// <summary>Deletes pods, unless the job is not the newest. Answers the first problem.</summary>
    public async ValueTask<Exception?> DeleteAsync(V1Job job, JobAction.DeletePods step, CancellationToken cancellationToken)
    {
        if (!await _liveCheck.IsUpToDateAsync(job, cancellationToken))
        {
            return null;
        }
        if (step.Uncounted)
        {
            await ReleaseAsync([.. step.Pods.Where(JobSpecs.IsTracked)], cancellationToken);
        }
        return await DeleteAsync(job, step.Pods, cancellationToken);
    }

    /// <summary>Creates pods, unless the job is not the newest. Answers the first problem.</summary>
    public async ValueTask<Exception?> CreateAsync(V1Job job, IEnumerable<NewJobPod> pods, CancellationToken cancellationToken) =>
        await _liveCheck.IsUpToDateAsync(job, cancellationToken)
            ? await CreateAsync(job, [.. pods.Select(p => JobPod.From(job, p, _entropy))], repeated: false, cancellationToken)
            : null;

    private async ValueTask<Exception?> CreateAsync(
        V1Job job,
        IReadOnlyList<V1Pod> pods,
        bool repeated,
        CancellationToken cancellationToken
    )
    {
        var writes = await Task.WhenAll(pods.Select(pod => _pods.CreateAsync(PodOwner.Of(job), pod, repeated, cancellationToken)));
        await _caches.Pods.WaitForRevisionAsync(writes.Select(w => w.Revision).DefaultIfEmpty().Max(), cancellationToken);
        return Problem(writes);
    }

    private async ValueTask<Exception?> DeleteAsync(V1Job job, IReadOnlyList<V1Pod> pods, CancellationToken cancellationToken)
    {
        var writes = await Task.WhenAll(pods.Select(pod => _pods.DeleteAsync(PodOwner.Of(job), pod, cancellationToken)));
        foreach (var (pod, write) in pods.Zip(writes))
        {
            if (write.Outcome == PodWriteOutcome.Succeeded)
            {
                var key = new ObjectKey(pod.Metadata.NamespaceProperty, pod.Metadata.Name);
                await _caches.Pods.WaitUntilAsync(
                    () => _caches.Pods.Get(key) is not { } seen || seen.Metadata.Uid != pod.Metadata.Uid || !seen.IsActive(),
                    cancellationToken
                );
            }
        }
        return Problem(writes);
    }

    private static Exception? Problem(PodWrite[] writes) => writes.FirstOrDefault(w => w.Outcome != PodWriteOutcome.Succeeded).Problem;
}
