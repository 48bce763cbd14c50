using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.StatefulSets;
using Petrel.Model;

namespace Petrel.Controllers.Deployments;

/// <summary>
/// Does what a plan says and returns when the caches show it, so that the next plan is never made from a state before it. A write of a
/// ReplicaSet whose outcome is unknown is remembered: it has to be settled before its Deployment is planned for again.
/// </summary>
internal sealed class DeploymentWriter(ApiClient client, ClusterCaches caches, EventRecorder events, TimeProvider time)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ObjectKey, DeploymentAction> _unsettled = []; // by Deployment; only looked up

    /// <summary>
    /// Does the Deployment's unsettled write once more. Then it has happened, or it never will: the first attempt, should it still be on
    /// its way, has lost its resourceVersion or its name.
    /// </summary>
    public async ValueTask RetryUnknownWritesAsync(ObjectKey deployment, CancellationToken cancellationToken)
    {
        DeploymentAction? action;
        lock (_gate)
        {
            action = _unsettled.GetValueOrDefault(deployment);
        }
        var set = action switch
        {
            UpdateReplicaSet update => update.Value,
            CreateReplicaSet create => create.Value,
            _ => null,
        };
        if (set is null)
        {
            return;
        }
        try
        {
            await WaitForCacheAsync(await SendAsync(action!, set, cancellationToken), cancellationToken);
        }
        catch (ApiException e) when (!IsUnknown(e, cancellationToken))
        {
            if (await client.FindAsync<V1ReplicaSet>(KeyOf(set), cancellationToken) is { } live)
            {
                await WaitForCacheAsync(live, cancellationToken);
            }
        }
        lock (_gate)
        {
            _unsettled.Remove(deployment);
        }
    }

    /// <summary>Does the actions in order. Fails when one fails; those before it stand.</summary>
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
                    await WriteAsync(deployment, update, update.Value, update.Event, cancellationToken);
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
                    Record(deployment, record.Event);
                    break;
            }
        }
    }

    private async ValueTask AdoptAsync(V1Deployment deployment, V1ReplicaSet adopted, CancellationToken cancellationToken)
    {
        // The cache may still show a Deployment that was deleted, or replaced by another of its name.
        var live = await client.FindAsync<V1Deployment>(
            new(deployment.Metadata.NamespaceProperty, deployment.Metadata.Name),
            cancellationToken
        );
        if (live?.Metadata.Uid == deployment.Metadata.Uid && live.Metadata.DeletionTimestamp is null)
        {
            await WaitForCacheAsync(await client.UpdateAsync(adopted, cancellationToken), cancellationToken);
        }
    }

    private async ValueTask WriteAsync(
        V1Deployment deployment,
        DeploymentAction action,
        V1ReplicaSet set,
        DeploymentEvent? note,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var written = await SendAsync(action, set, cancellationToken);
            Record(deployment, note);
            await WaitForCacheAsync(written, cancellationToken);
        }
        catch (Exception e) when (IsUnknown(e, cancellationToken))
        {
            lock (_gate)
            {
                _unsettled[new(deployment.Metadata.NamespaceProperty, deployment.Metadata.Name)] = action;
            }
            throw;
        }
    }

    /// <summary>Answers false when the plan ends here: its name was taken, and the Deployment was told to use another one.</summary>
    private async ValueTask<bool> CreateAsync(V1Deployment deployment, CreateReplicaSet create, CancellationToken cancellationToken)
    {
        try
        {
            await WriteAsync(deployment, create, create.Value, create.Event, cancellationToken);
            return true;
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            if (await client.FindAsync<V1ReplicaSet>(KeyOf(create.Value), cancellationToken) is not { } existing)
            {
                throw;
            }
            await WaitForCacheAsync(existing, cancellationToken);
            if (
                Ownership.Controller(existing)?.Uid != deployment.Metadata.Uid
                || !PodTemplates.AreEqual(existing.Spec.Template, deployment.Spec.Template)
            )
            {
                var copy = DeepCopy.Of(deployment);
                copy.Status ??= new();
                copy.Status.CollisionCount = (copy.Status.CollisionCount ?? 0) + 1;
                await UpdateStatusAsync(copy, cancellationToken);
            }
            return false;
        }
        catch (ApiException e) when (!IsUnknown(e, cancellationToken) && !IsNamespaceTerminating(e))
        {
            await RefusedAsync(deployment, create.Value, e, cancellationToken);
            throw;
        }
        catch (ApiException e) when (IsNamespaceTerminating(e))
        {
            // Nothing can be made there any more, and the Deployment will go too.
            return false;
        }
    }

    private async ValueTask RefusedAsync(
        V1Deployment deployment,
        V1ReplicaSet set,
        ApiException reason,
        CancellationToken cancellationToken
    )
    {
        var message = $"Failed to create new replica set \"{set.Metadata.Name}\": {reason.Status.Message}";
        Record(deployment, new("Warning", DeploymentNames.ReplicaSetCreateError, message));
        if (deployment.Spec.ProgressDeadlineSeconds is null or int.MaxValue)
        {
            return;
        }
        var copy = DeepCopy.Of(deployment);
        copy.Status ??= new();
        var before = DeploymentConditions.Find(copy.Status, DeploymentNames.Progressing);
        if (before?.Reason != DeploymentNames.ReplicaSetCreateError)
        {
            DeploymentConditions.Set(
                copy.Status,
                DeploymentConditions.New(
                    DeploymentNames.Progressing,
                    "False",
                    DeploymentNames.ReplicaSetCreateError,
                    message,
                    time.GetUtcNow()
                )
            );
            await UpdateStatusAsync(copy, cancellationToken);
        }
    }

    private async ValueTask DeleteAsync(V1ReplicaSet set, CancellationToken cancellationToken)
    {
        var preconditions = new V1Preconditions { Uid = set.Metadata.Uid, ResourceVersion = set.Metadata.ResourceVersion };
        await client.DeleteAsync<V1ReplicaSet>(KeyOf(set), new() { Preconditions = preconditions }, cancellationToken);
    }

    private async ValueTask UpdateStatusAsync(V1Deployment deployment, CancellationToken cancellationToken)
    {
        var written = await client.UpdateStatusAsync(deployment, cancellationToken);
        await caches.Deployments.WaitForRevisionAsync(Revision(written), cancellationToken);
    }

    private ValueTask<V1ReplicaSet> SendAsync(DeploymentAction action, V1ReplicaSet set, CancellationToken cancellationToken) =>
        action is CreateReplicaSet ? client.CreateAsync(set, cancellationToken) : client.UpdateAsync(set, cancellationToken);

    private ValueTask WaitForCacheAsync(V1ReplicaSet set, CancellationToken cancellationToken) =>
        caches.ReplicaSets.WaitForRevisionAsync(Revision(set), cancellationToken);

    private void Record(V1Deployment deployment, DeploymentEvent? note)
    {
        if (note is not null)
        {
            events.Record(deployment, note.Type, note.Reason, note.Message);
        }
    }

    private static bool IsUnknown(Exception e, CancellationToken cancellationToken) =>
        e switch
        {
            ApiException refusal => refusal.StatusCode >= 500,
            OperationCanceledException => !cancellationToken.IsCancellationRequested,
            _ => e is IOException,
        };

    private static bool IsNamespaceTerminating(ApiException e) =>
        e.StatusCode == 403 && e.Status.Details?.Causes?.Any(c => c.Reason == "NamespaceTerminating") == true;

    private static ObjectKey KeyOf(V1ReplicaSet set) => new(set.Metadata.NamespaceProperty, set.Metadata.Name);

    private static ulong Revision(IKubernetesObject<V1ObjectMeta> value) => ulong.Parse(value.Metadata.ResourceVersion);
}
