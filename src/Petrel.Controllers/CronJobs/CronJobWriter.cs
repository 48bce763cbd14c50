using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Workloads;

namespace Petrel.Controllers.CronJobs;

/// <summary>Creates and deletes the Jobs of CronJobs and writes the status. Returns when the caches show the result.</summary>
internal sealed class CronJobWriter(ApiClient client, ClusterCaches caches, EventRecorder events)
{
    private readonly StatusWriter<V1CronJob> _status = new(client, caches.CronJobs);
    private readonly LiveObjectCheck<V1CronJob> _liveCheck = new(client, caches.CronJobs, (live, cached) =>
        live.Metadata.ResourceVersion == cached.Metadata.ResourceVersion
    );

    /// <summary>Whether the cached CronJob is the live one. If not, returns when the cache has caught up.</summary>
    public ValueTask<bool> IsUpToDateAsync(V1CronJob cronJob, CancellationToken cancellationToken) =>
        _liveCheck.IsUpToDateAsync(cronJob, cancellationToken);

    /// <summary>Creates a Job. Returns false when there is none for its time, and none can be created.</summary>
    public async ValueTask<bool> CreateAsync(V1CronJob cronJob, V1Job job, CancellationToken cancellationToken)
    {
        try
        {
            var created = await client.CreateAsync(job, cancellationToken);
            events.Record(cronJob, "Normal", "SuccessfulCreate", $"Created job {created.Metadata.Name}");
            await caches.Jobs.WaitForWriteAsync(created, cancellationToken);
            return true;
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            // An earlier attempt created it, or it is of another second of the same minute, or it is not this CronJob's. In the last two
            // cases, no Job can be created for this time.
            if (await client.FindAsync<V1Job>(job.Key(), cancellationToken) is not { } existing)
            {
                return true;
            }
            await caches.Jobs.WaitForWriteAsync(existing, cancellationToken);
            return existing.IsControlledBy(cronJob.Metadata.Uid)
                && ScheduledJob.TimeOf(cronJob, existing) == ScheduledJob.TimeOf(cronJob, job);
        }
        catch (ApiException e) when (e.IsNamespaceTerminating())
        {
            return false;
        }
        catch (ApiException e) when (!ApiFailures.IsOutcomeUnknown(e, cancellationToken))
        {
            events.Record(cronJob, "Warning", "FailedCreate", $"Error creating job: {ErrorMessages.Of(e)}");
            throw;
        }
    }

    /// <summary>Deletes Jobs with their pods.</summary>
    public async ValueTask DeleteAsync(
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
                state.DeletedJobs.Add(job.Metadata.Uid);
                if (await client.DeleteAsync<V1Job>(job.Key(), options, cancellationToken))
                {
                    events.Record(cronJob, "Normal", "SuccessfulDelete", $"Deleted job {job.Metadata.Name}");
                }
            }
            catch (ApiException e) when (!ApiFailures.IsOutcomeUnknown(e, cancellationToken))
            {
                events.Record(cronJob, "Warning", "FailedDelete", $"Deleted job: {ErrorMessages.Of(e)}");
                throw;
            }
            await caches.Jobs.WaitForDeletionAsync(job, cancellationToken);
        }
    }

    /// <summary>Writes the status, then records the events.</summary>
    public async ValueTask WriteStatusAsync(V1CronJob cronJob, CronJobStatusPlan plan, CancellationToken cancellationToken)
    {
        await _status.WriteAsync(cronJob, copy => copy.Status = plan.Status, cancellationToken);
        foreach (var note in plan.Events)
        {
            note.Record(events, cronJob);
        }
    }
}
