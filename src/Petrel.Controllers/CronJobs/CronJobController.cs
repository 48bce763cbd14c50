using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Jobs;
using Petrel.Controllers.OwnedPods;
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
    private readonly Dictionary<ObjectKey, CronJobMemory> _memories = []; // only looked up

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
            var memory = MemoryOf(cronJob);
            List<V1Job> jobs = [.. _caches.Jobs.ByIndex(ClusterCaches.ByController, cronJob.Metadata.Uid)];
            await LookForAsync(cronJob, jobs, memory, cancellationToken);
            var status = CronJobStatusPlan.Compute(cronJob, jobs, memory.Gone, memory.Deleted);
            if (status.IsChange)
            {
                await WriteStatusAsync(cronJob, status, cancellationToken);
                continue;
            }
            TellOfStrangers(cronJob, jobs, memory);
            var surplus = CronJobHistory.TooMany(cronJob, jobs);
            if (surplus.Count > 0)
            {
                await DeleteAsync(cronJob, surplus, memory, cancellationToken);
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
                return Waits.Limit(times.Again);
            }
            if (!await StartAsync(cronJob, due, jobs, memory, cancellationToken))
            {
                return Waits.Limit(times.Again);
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
        CronJobMemory memory,
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
        if (!await IsNewestAsync(cronJob, cancellationToken))
        {
            return true;
        }
        if (cronJob.Spec.ConcurrencyPolicy == "Replace" && active.Count > 0)
        {
            await DeleteAsync(cronJob, [.. jobs.Where(j => active.Any(a => a.Uid == j.Metadata.Uid))], memory, cancellationToken);
        }
        return await CreateAsync(cronJob, CronJobJob.From(cronJob, time), cancellationToken);
    }

    private async ValueTask<bool> CreateAsync(V1CronJob cronJob, V1Job job, CancellationToken cancellationToken)
    {
        try
        {
            var created = await _context.Client.CreateAsync(job, cancellationToken);
            _events.Record(cronJob, "Normal", "SuccessfulCreate", $"Created job {created.Metadata.Name}");
            await SeeAsync(created, cancellationToken);
            return true;
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            // An earlier attempt made it, or somebody else did, or it is of another second of the minute: then there is none for this time.
            var there = await _context.Client.FindAsync<V1Job>(KeyOf(job.Metadata), cancellationToken);
            if (there is not null)
            {
                await SeeAsync(there, cancellationToken);
            }
            return there is null
                || (there.IsControlledBy(cronJob.Metadata.Uid) && CronJobJob.TimeOf(cronJob, there) == CronJobJob.TimeOf(cronJob, job));
        }
        catch (ApiException e) when (PodWriter.IsNamespaceEnding(e))
        {
            return false;
        }
        catch (ApiException e) when (!PodWriter.IsUnknown(e))
        {
            _events.Record(cronJob, "Warning", "FailedCreate", $"Error creating job: {PodWriter.Words(e)}");
            throw;
        }
    }

    private async ValueTask DeleteAsync(
        V1CronJob cronJob,
        IReadOnlyList<V1Job> jobs,
        CronJobMemory memory,
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
                memory.Deleted.Add(job.Metadata.Uid);
                if (await _context.Client.DeleteAsync<V1Job>(KeyOf(job.Metadata), options, cancellationToken))
                {
                    _events.Record(cronJob, "Normal", "SuccessfulDelete", $"Deleted job {job.Metadata.Name}");
                }
            }
            catch (ApiException e) when (!PodWriter.IsUnknown(e))
            {
                _events.Record(cronJob, "Warning", "FailedDelete", $"Deleted job: {PodWriter.Words(e)}");
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
    private async ValueTask LookForAsync(
        V1CronJob cronJob,
        IReadOnlyList<V1Job> jobs,
        CronJobMemory memory,
        CancellationToken cancellationToken
    )
    {
        foreach (var active in CronJobStatusPlan.Unseen(cronJob, jobs).Where(a => !memory.Gone.Contains(a.Uid)))
        {
            var live = await _context.Client.FindAsync<V1Job>(new(cronJob.Metadata.NamespaceProperty, active.Name), cancellationToken);
            if (live?.Metadata.Uid != active.Uid)
            {
                memory.Gone.Add(active.Uid);
            }
        }
    }

    private void TellOfStrangers(V1CronJob cronJob, IReadOnlyList<V1Job> jobs, CronJobMemory memory)
    {
        foreach (
            var job in jobs.Where(j => !j.IsFinished() && CronJobJob.TimeOf(cronJob, j) is null && memory.Strangers.Add(j.Metadata.Uid))
        )
        {
            _events.Record(
                cronJob,
                "Warning",
                "UnexpectedJob",
                $"Saw a job that the controller did not create or forgot: {job.Metadata.Name}"
            );
        }
        memory.Keep(cronJob, jobs);
    }

    // Whether the cached CronJob is the newest. If not, returns when the cache has caught up.
    private async ValueTask<bool> IsNewestAsync(V1CronJob cronJob, CancellationToken cancellationToken)
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

    private ValueTask SeeAsync(V1Job job, CancellationToken cancellationToken) =>
        _caches.Jobs.WaitForRevisionAsync(ulong.Parse(job.Metadata.ResourceVersion), cancellationToken);

    private void Record(V1CronJob cronJob, IEnumerable<JobEvent> events)
    {
        foreach (var note in events)
        {
            _events.Record(cronJob, note.Type, note.Reason, note.Message);
        }
    }

    private CronJobMemory MemoryOf(V1CronJob cronJob)
    {
        lock (_gate)
        {
            if (!_memories.TryGetValue(KeyOf(cronJob.Metadata), out var memory) || memory.CronJobUid != cronJob.Metadata.Uid)
            {
                memory = _memories[KeyOf(cronJob.Metadata)] = new(cronJob.Metadata.Uid);
            }
            return memory;
        }
    }

    private void Forget(ObjectKey key)
    {
        lock (_gate)
        {
            _memories.Remove(key);
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
