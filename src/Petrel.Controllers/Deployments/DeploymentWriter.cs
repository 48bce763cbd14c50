using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Controllers.PodControl;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Deployments;

/// <summary>
/// Applies a <see cref="DeploymentPlan"/>. It returns when the caches show the result, so that the next plan is not made from a state
/// before it. A write of a ReplicaSet whose outcome is unknown is repeated before the Deployment is planned for again.
/// </summary>
internal sealed class DeploymentWriter(ApiClient client, ClusterCaches caches, EventRecorder events, TimeProvider time)
{
    private static readonly WriteVerb[] RetriedVerbs = [WriteVerb.Create, WriteVerb.Update];

    private readonly Expectations<V1ReplicaSet> _expectations = new();
    private readonly StatusWriter<V1Deployment> _status = new(client, caches.Deployments);

    /// <summary>Forgets a Deployment that is gone.</summary>
    public void Forget(ObjectKey deployment) => _expectations.Forget(deployment);

    /// <summary>
    /// Repeats the Deployment's writes whose outcome is unknown. Afterwards each was executed, or never will be: if the first attempt
    /// arrives later, its resourceVersion is outdated or its name is taken.
    /// </summary>
    public async ValueTask RetryUnknownAsync(V1Deployment deployment, CancellationToken cancellationToken)
    {
        foreach (var verb in RetriedVerbs)
        {
            foreach (var set in _expectations.Pending(deployment, verb))
            {
                await RetryAsync(verb, set, cancellationToken);
                _expectations.Observe(deployment, verb, set);
            }
        }
    }

    /// <summary>Executes the actions in order. Fails when one fails; those before it stand.</summary>
    public async ValueTask ApplyAsync(V1Deployment deployment, DeploymentPlan plan, CancellationToken cancellationToken)
    {
        foreach (var action in plan.Actions)
        {
            switch (action)
            {
                case AdoptReplicaSet adopt:
                    await AdoptAsync(deployment, adopt.Value, cancellationToken);
                    break;
                case UpdateReplicaSet update:
                    await WriteAsync(deployment, WriteVerb.Update, update.Value, update.Event, cancellationToken);
                    break;
                case CreateReplicaSet create:
                    if (!await CreateAsync(deployment, create, cancellationToken))
                    {
                        return;
                    }
                    break;
                case DeleteReplicaSet delete:
                    await DeleteAsync(delete.Value, cancellationToken);
                    break;
                case UpdateDeploymentStatus status:
                    await UpdateStatusAsync(status.Value, cancellationToken);
                    break;
                case RecordEvent record:
                    record.Event.Record(events, deployment);
                    break;
            }
        }
    }

    private async ValueTask RetryAsync(WriteVerb verb, V1ReplicaSet set, CancellationToken cancellationToken)
    {
        try
        {
            var written = await SendAsync(verb, set, cancellationToken);
            await caches.ReplicaSets.WaitForWriteAsync(written, cancellationToken);
        }
        catch (ApiException e) when (!ApiFailures.IsOutcomeUnknown(e, cancellationToken))
        {
            if (await client.FindAsync<V1ReplicaSet>(set.Key(), cancellationToken) is { } live)
            {
                await caches.ReplicaSets.WaitForWriteAsync(live, cancellationToken);
            }
        }
    }

    private async ValueTask AdoptAsync(V1Deployment deployment, V1ReplicaSet adopted, CancellationToken cancellationToken)
    {
        // The cache may still show a Deployment that was deleted, or recreated under its name.
        var live = await client.FindAsync<V1Deployment>(deployment.Key(), cancellationToken);
        if (live?.Metadata.Uid == deployment.Metadata.Uid && live.Metadata.DeletionTimestamp is null)
        {
            await caches.ReplicaSets.WaitForWriteAsync(await client.UpdateAsync(adopted, cancellationToken), cancellationToken);
        }
    }

    private async ValueTask WriteAsync(
        V1Deployment deployment,
        WriteVerb verb,
        V1ReplicaSet set,
        ControllerEvent? note,
        CancellationToken cancellationToken
    )
    {
        _expectations.Expect(deployment, verb, set);
        try
        {
            var written = await SendAsync(verb, set, cancellationToken);
            _expectations.Observe(deployment, verb, set);
            note?.Record(events, deployment);
            await caches.ReplicaSets.WaitForWriteAsync(written, cancellationToken);
        }
        catch (ApiException e) when (!ApiFailures.IsOutcomeUnknown(e, cancellationToken))
        {
            _expectations.Observe(deployment, verb, set);
            throw;
        }
    }

    /// <summary>Returns false when the rest of the plan no longer holds: the name was taken, or nothing can be created.</summary>
    private async ValueTask<bool> CreateAsync(V1Deployment deployment, CreateReplicaSet create, CancellationToken cancellationToken)
    {
        try
        {
            await WriteAsync(deployment, WriteVerb.Create, create.Value, create.Event, cancellationToken);
            return true;
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            if (await client.FindAsync<V1ReplicaSet>(create.Value.Key(), cancellationToken) is not { } existing)
            {
                throw;
            }
            await caches.ReplicaSets.WaitForWriteAsync(existing, cancellationToken);
            if (
                !existing.IsControlledBy(deployment.Metadata.Uid)
                || !PodTemplates.AreEqual(existing.Spec.Template, deployment.Spec.Template)
            )
            {
                // Another template has the same hash. With a higher collision count, the next plan gets another name.
                await _status.WriteAsync(
                    deployment,
                    copy =>
                    {
                        copy.Status ??= new();
                        copy.Status.CollisionCount = (copy.Status.CollisionCount ?? 0) + 1;
                    },
                    cancellationToken
                );
            }
            return false;
        }
        catch (ApiException e) when (e.IsNamespaceTerminating())
        {
            // The Deployment will be deleted too.
            return false;
        }
        catch (ApiException e) when (!ApiFailures.IsOutcomeUnknown(e, cancellationToken))
        {
            await ReportRejectedAsync(deployment, create.Value, e, cancellationToken);
            throw;
        }
    }

    private async ValueTask ReportRejectedAsync(
        V1Deployment deployment,
        V1ReplicaSet set,
        ApiException reason,
        CancellationToken cancellationToken
    )
    {
        var message = $"Failed to create new replica set \"{set.Metadata.Name}\": {reason.Status.Message}";
        events.Record(deployment, "Warning", DeploymentNames.ReplicaSetCreateError, message);
        if (deployment.Spec.ProgressDeadlineSeconds is null or int.MaxValue)
        {
            return;
        }
        var before = deployment.Status is null ? null : DeploymentConditions.Find(deployment.Status, DeploymentNames.Progressing);
        if (before?.Reason != DeploymentNames.ReplicaSetCreateError)
        {
            var condition = DeploymentConditions.New(
                DeploymentNames.Progressing,
                "False",
                DeploymentNames.ReplicaSetCreateError,
                message,
                time.GetUtcNow()
            );
            await _status.WriteAsync(deployment, copy => DeploymentConditions.Set(copy.Status ??= new(), condition), cancellationToken);
        }
    }

    private async ValueTask DeleteAsync(V1ReplicaSet set, CancellationToken cancellationToken)
    {
        var preconditions = new V1Preconditions { Uid = set.Metadata.Uid, ResourceVersion = set.Metadata.ResourceVersion };
        await client.DeleteAsync<V1ReplicaSet>(set.Key(), new() { Preconditions = preconditions }, cancellationToken);
    }

    private async ValueTask UpdateStatusAsync(V1Deployment deployment, CancellationToken cancellationToken)
    {
        var written = await client.UpdateStatusAsync(deployment, cancellationToken);
        await caches.Deployments.WaitForWriteAsync(written, cancellationToken);
    }

    private ValueTask<V1ReplicaSet> SendAsync(WriteVerb verb, V1ReplicaSet set, CancellationToken cancellationToken) =>
        verb == WriteVerb.Create ? client.CreateAsync(set, cancellationToken) : client.UpdateAsync(set, cancellationToken);
}
