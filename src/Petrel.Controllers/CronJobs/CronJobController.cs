using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Jobs;
using Petrel.Controllers.PodControl;
using Petrel.Model;

namespace Petrel.Controllers.CronJobs;

/// <summary>
/// Starts jobs at the times of a schedule, knows which of them run, and deletes the oldest that have ended. A start is a create under a
/// name that the time gives; its mark in the status follows from the job itself, so that nothing is lost when this program ends in between.
/// </summary>
public sealed class CronJobController : IController, IReconciler, IDisposable
{
    private const int MaxSteps = 20;

    private readonly ControllerContext _context;
    private readonly ClusterCaches _caches;
    private readonly WorkQueue<ObjectKey> _queue;
    private readonly EventRecorder _events;
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, CronJobControllerState> _states = []; // only looked up

    public CronJobController(ControllerContext context)
    {
        _context = context;
        _caches = context.Caches;
        _queue = new(context.Time);
        _events = context.Events(Name);
        _caches.CronJobs.OnChange(change => _queue.Add(KeyOf(change.Latest.Metadata)));
        _caches.Jobs.OnChange(change =>
        {
            WakeOwner(change.Old);
            WakeOwner(change.New);
        });
    }

    /// <inheritdoc/>
    public string Name => "cronjob-controller";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        await _caches.WaitAsync(cancellationToken);
        var host = new ReconcilerHost(this, _queue, _context.Logs.CreateLogger(Name), _context.Settings.Workers);
        await Loops.RunTogetherAsync(cancellationToken, host.RunAsync, _events.RunAsync);
    }

    /// <inheritdoc/>
    public async ValueTask<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        for (var step = 0; step < MaxSteps; step++)
        {
            if (_caches.CronJobs.Get(key) is not { } cronJob)
            {
                Forget(key);
                return null;
            }
            var state = StateOf(cronJob);
            List<V1Job> jobs = [.. _caches.Jobs.ByIndex(ClusterCaches.ByController, cronJob.Metadata.Uid)];
            await VerifyActiveJobsAsync(cronJob, jobs, state, cancellationToken);
            var status = CronJobStatusPlan.Compute(cronJob, jobs, state.Gone, state.Deleted);
            if (status.IsChange)
            {
                await WriteStatusAsync(cronJob, status, cancellationToken);
                continue;
            }
            RecordUnexpectedJobs(cronJob, jobs, state);
            var surplus = CronJobHistoryLimits.Surplus(cronJob, jobs);
            if (surplus.Count > 0)
            {
                await DeleteAsync(cronJob, surplus, state, cancellationToken);
                continue;
            }
            if (cronJob.Metadata.DeletionTimestamp is not null || cronJob.Spec.Suspend == true)
            {
                return null;
            }
            var times = CronJobTimes.Of(cronJob, _context.Time.GetUtcNow());
            Record(cronJob, times.Events);
            if (times.Due is not { } due)
            {
                return RequeueDelay.Limit(times.RequeueAfter);
            }
            if (!await StartAsync(cronJob, due, jobs, state, cancellationToken))
            {
                return RequeueDelay.Limit(times.RequeueAfter);
            }
        }
        return TimeSpan.Zero;
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();

    /// <summary>Answers false when there is no job to start for this time.</summary>
    private async ValueTask<bool> StartAsync(
        V1CronJob cronJob,
        DateTimeOffset time,
        IReadOnlyList<V1Job> jobs,
        CronJobControllerState state,
        CancellationToken cancellationToken
    )
    {
        var active = cronJob.Status?.Active ?? [];
        if (cronJob.Spec.ConcurrencyPolicy == "Forbid" && active.Count > 0)
        {
            const string words = "Not starting job because prior execution is running and concurrency policy is Forbid";
            _events.Record(cronJob, "Normal", "JobAlreadyActive", words);
            return false;
        }
        // It may have been suspended, or deleted, or told another time.
        if (!await IsUpToDateAsync(cronJob, cancellationToken))
        {
            return true;
        }
        if (cronJob.Spec.ConcurrencyPolicy == "Replace" && active.Count > 0)
        {
            await DeleteAsync(cronJob, [.. jobs.Where(j => active.Any(a => a.Uid == j.Metadata.Uid))], state, cancellationToken);
        }
        return await CreateAsync(cronJob, ScheduledJob.From(cronJob, time), cancellationToken);
    }

    private async ValueTask<bool> CreateAsync(V1CronJob cronJob, V1Job job, CancellationToken cancellationToken)
    {
        try
        {
            var created = await _context.Client.CreateAsync(job, cancellationToken);
            _events.Record(cronJob, "Normal", "SuccessfulCreate", $"Created job {created.Metadata.Name}");
            await WaitForCacheAsync(created, cancellationToken);
            return true;
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            // An earlier attempt made it, or somebody else did, or it is of another second of the minute: then there is none for this time.
            var there = await _context.Client.FindAsync<V1Job>(KeyOf(job.Metadata), cancellationToken);
            if (there is not null)
            {
                await WaitForCacheAsync(there, cancellationToken);
            }
            return there is null
                || (there.IsControlledBy(cronJob.Metadata.Uid) && ScheduledJob.TimeOf(cronJob, there) == ScheduledJob.TimeOf(cronJob, job));
        }
        catch (ApiException e) when (PodWriter.IsNamespaceTerminating(e))
        {
            return false;
        }
        catch (ApiException e) when (!PodWriter.IsUnknown(e))
        {
            _events.Record(cronJob, "Warning", "FailedCreate", $"Error creating job: {PodWriter.MessageOf(e)}");
            throw;
        }
    }

    private async ValueTask DeleteAsync(
        V1CronJob cronJob,
        IReadOnlyList<V1Job> jobs,
        CronJobControllerState state,
        CancellationToken cancellationToken
    )
    {
        foreach (var job in jobs.Where(j => j.Metadata.DeletionTimestamp is null))
        {
            try
            {
                var options = new V1DeleteOptions
                {
                    PropagationPolicy = "Background",
                    Preconditions = new() { Uid = job.Metadata.Uid },
                };
                state.Deleted.Add(job.Metadata.Uid);
                if (await _context.Client.DeleteAsync<V1Job>(KeyOf(job.Metadata), options, cancellationToken))
                {
                    _events.Record(cronJob, "Normal", "SuccessfulDelete", $"Deleted job {job.Metadata.Name}");
                }
            }
            catch (ApiException e) when (!PodWriter.IsUnknown(e))
            {
                _events.Record(cronJob, "Warning", "FailedDelete", $"Deleted job: {PodWriter.MessageOf(e)}");
                throw;
            }
            await _caches.Jobs.WaitUntilAsync(
                () =>
                    _caches.Jobs.Get(KeyOf(job.Metadata)) is not { } seen
                    || seen.Metadata.Uid != job.Metadata.Uid
                    || seen.Metadata.DeletionTimestamp is not null,
                cancellationToken
            );
        }
    }

    private async ValueTask WriteStatusAsync(V1CronJob cronJob, CronJobStatusPlan plan, CancellationToken cancellationToken)
    {
        var updated = KubernetesJson.Deserialize<V1CronJob>(KubernetesJson.Serialize(cronJob));
        updated.Status = plan.Status;
        updated = await _context.Client.UpdateStatusAsync(updated, cancellationToken);
        Record(cronJob, plan.Events);
        await _caches.CronJobs.WaitForRevisionAsync(ulong.Parse(updated.Metadata.ResourceVersion), cancellationToken);
    }

    // A job that the status names and the cache does not show is gone, or is still to come into a cache that was just filled.
    private async ValueTask VerifyActiveJobsAsync(
        V1CronJob cronJob,
        IReadOnlyList<V1Job> jobs,
        CronJobControllerState state,
        CancellationToken cancellationToken
    )
    {
        foreach (var active in CronJobStatusPlan.Unseen(cronJob, jobs).Where(a => !state.Gone.Contains(a.Uid)))
        {
            var live = await _context.Client.FindAsync<V1Job>(new(cronJob.Metadata.NamespaceProperty, active.Name), cancellationToken);
            if (live?.Metadata.Uid != active.Uid)
            {
                state.Gone.Add(active.Uid);
            }
        }
    }

    private void RecordUnexpectedJobs(V1CronJob cronJob, IReadOnlyList<V1Job> jobs, CronJobControllerState state)
    {
        foreach (
            var job in jobs.Where(j =>
                !j.IsFinished() && ScheduledJob.TimeOf(cronJob, j) is null && state.UnexpectedJobs.Add(j.Metadata.Uid)
            )
        )
        {
            _events.Record(
                cronJob,
                "Warning",
                "UnexpectedJob",
                $"Saw a job that the controller did not create or forgot: {job.Metadata.Name}"
            );
        }
        state.Keep(cronJob, jobs);
    }

    // Whether the cached CronJob is the newest. If not, returns when the cache has caught up.
    private async ValueTask<bool> IsUpToDateAsync(V1CronJob cronJob, CancellationToken cancellationToken)
    {
        var key = KeyOf(cronJob.Metadata);
        var live = await _context.Client.FindAsync<V1CronJob>(key, cancellationToken);
        if (live is null)
        {
            await _caches.CronJobs.WaitUntilAsync(() => _caches.CronJobs.Get(key)?.Metadata.Uid != cronJob.Metadata.Uid, cancellationToken);
            return false;
        }
        if (live.Metadata.ResourceVersion == cronJob.Metadata.ResourceVersion)
        {
            return true;
        }
        await _caches.CronJobs.WaitForRevisionAsync(ulong.Parse(live.Metadata.ResourceVersion), cancellationToken);
        return false;
    }

    private ValueTask WaitForCacheAsync(V1Job job, CancellationToken cancellationToken) =>
        _caches.Jobs.WaitForRevisionAsync(ulong.Parse(job.Metadata.ResourceVersion), cancellationToken);

    private void Record(V1CronJob cronJob, IEnumerable<JobEvent> events)
    {
        foreach (var note in events)
        {
            _events.Record(cronJob, note.Type, note.Reason, note.Message);
        }
    }

    private CronJobControllerState StateOf(V1CronJob cronJob)
    {
        lock (_gate)
        {
            if (!_states.TryGetValue(KeyOf(cronJob.Metadata), out var state) || state.CronJobUid != cronJob.Metadata.Uid)
            {
                state = _states[KeyOf(cronJob.Metadata)] = new(cronJob.Metadata.Uid);
            }
            return state;
        }
    }

    private void Forget(ObjectKey key)
    {
        lock (_gate)
        {
            _states.Remove(key);
        }
    }

    private void WakeOwner(V1Job? job)
    {
        if (job?.ControllerReference() is { Kind: "CronJob" } owner)
        {
            var key = new ObjectKey(job.Metadata.NamespaceProperty, owner.Name);
            if (_caches.CronJobs.Get(key)?.Metadata.Uid == owner.Uid)
            {
                _queue.Add(key);
            }
        }
    }

    private static ObjectKey KeyOf(V1ObjectMeta metadata) => new(metadata.NamespaceProperty, metadata.Name);
}
