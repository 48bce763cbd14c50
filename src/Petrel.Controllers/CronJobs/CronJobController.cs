using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Jobs;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.CronJobs;

/// <summary>
/// Creates Jobs at the times of a schedule, keeps the list of active ones, and deletes the oldest finished ones. The scheduled time gives
/// the name of the Job, so that a time never gets two. The status follows from the Jobs: it is right again after a crash between two
/// writes.
/// </summary>
public sealed class CronJobController : IController
{
    // After this many steps, other CronJobs get their turn.
    private const int MaxStepsPerSync = 20;

    private readonly ControllerContext _context;
    private readonly ClusterCaches _caches;
    private readonly ControllerLoop _loop;
    private readonly CronJobWriter _writer;
    private readonly ObjectStates<CronJobControllerState> _states = new(() => new());

    public CronJobController(ControllerContext context)
    {
        _context = context;
        _caches = context.Caches;
        _loop = new(context, "cronjob-controller", SyncAsync);
        _writer = new(context.Client, _caches, _loop.Events);
        var owners = new OwnerLookup<V1CronJob>(_caches.CronJobs);

        _loop.Watch(_caches.CronJobs);
        _loop.Watch(_caches.Jobs, owners.ControllersOf);
    }

    /// <inheritdoc/>
    public Task RunAsync(CancellationToken cancellationToken) => _loop.RunAsync(cancellationToken);

    private async ValueTask<TimeSpan?> SyncAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        for (var step = 0; step < MaxStepsPerSync; step++)
        {
            if (_caches.CronJobs.Get(key) is not { } cronJob)
            {
                _states.Forget(key);
                return null;
            }
            var state = _states.Get(cronJob);
            List<V1Job> jobs = [.. _caches.Jobs.ControlledBy(cronJob.Metadata.Uid)];
            await VerifyActiveJobsAsync(cronJob, jobs, state, cancellationToken);
            var status = CronJobStatusPlan.Compute(cronJob, jobs, state.GoneJobs, state.DeletedJobs);
            if (status.IsChange)
            {
                await _writer.WriteStatusAsync(cronJob, status, cancellationToken);
                continue;
            }
            RecordUnexpectedJobs(cronJob, jobs, state);
            var surplus = CronJobHistoryLimits.Surplus(cronJob, jobs);
            if (surplus.Count > 0)
            {
                await _writer.DeleteAsync(cronJob, surplus, state, cancellationToken);
                continue;
            }
            if (cronJob.Metadata.DeletionTimestamp is not null || cronJob.Spec.Suspend == true)
            {
                return null;
            }
            var times = CronJobTimes.Compute(cronJob, _context.Time.GetUtcNow());
            foreach (var note in times.Events)
            {
                note.Record(_loop.Events, cronJob);
            }
            if (times.Due is not { } due || !await StartAsync(cronJob, due, jobs, state, cancellationToken))
            {
                return RequeueDelay.Limit(times.RequeueAfter);
            }
        }
        return TimeSpan.Zero;
    }

    /// <summary>Returns false when no Job can be created for this time.</summary>
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
            const string message = "Not starting job because prior execution is running and concurrency policy is Forbid";
            _loop.Events.Record(cronJob, "Normal", "JobAlreadyActive", message);
            return false;
        }
        // It may have been suspended or deleted, or have another schedule.
        if (!await _writer.IsUpToDateAsync(cronJob, cancellationToken))
        {
            return true;
        }
        if (cronJob.Spec.ConcurrencyPolicy == "Replace" && active.Count > 0)
        {
            List<V1Job> replaced = [.. jobs.Where(j => active.Any(a => a.Uid == j.Metadata.Uid))];
            await _writer.DeleteAsync(cronJob, replaced, state, cancellationToken);
        }
        return await _writer.CreateAsync(cronJob, ScheduledJob.From(cronJob, time), cancellationToken);
    }

    // An active Job that the cache does not show is gone, or the cache was just filled and is still behind.
    private async ValueTask VerifyActiveJobsAsync(
        V1CronJob cronJob,
        IReadOnlyList<V1Job> jobs,
        CronJobControllerState state,
        CancellationToken cancellationToken
    )
    {
        foreach (var active in CronJobStatusPlan.Unseen(cronJob, jobs).Where(a => !state.GoneJobs.Contains(a.Uid)))
        {
            var live = await _context.Client.FindAsync<V1Job>(new(cronJob.Metadata.NamespaceProperty, active.Name), cancellationToken);
            if (live?.Metadata.Uid != active.Uid)
            {
                state.GoneJobs.Add(active.Uid);
            }
        }
    }

    private void RecordUnexpectedJobs(V1CronJob cronJob, IReadOnlyList<V1Job> jobs, CronJobControllerState state)
    {
        foreach (var job in jobs.Where(j => !j.IsFinished() && ScheduledJob.TimeOf(cronJob, j) is null))
        {
            if (state.UnexpectedJobs.Add(job.Metadata.Uid))
            {
                var message = $"Saw a job that the controller did not create or forgot: {job.Metadata.Name}";
                _loop.Events.Record(cronJob, "Warning", "UnexpectedJob", message);
            }
        }
        state.Prune(cronJob, jobs);
    }
}
