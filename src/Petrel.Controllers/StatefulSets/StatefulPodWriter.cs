using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Controllers.PodControl;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.StatefulSets;

/// <summary>
/// Executes the actions of a <see cref="StatefulSetPlan"/>, and returns when the caches show the result. The names of pods and claims
/// follow from the set: a create whose outcome is unknown is simply planned again. A delete whose outcome is unknown is repeated before
/// anything else is planned, or an update might make too many pods unavailable.
/// </summary>
internal sealed class StatefulPodWriter(ApiClient client, ClusterCaches caches, EventRecorder events)
{
    private const int MaxBatch = 500;

    private readonly Expectations<V1Pod> _expectations = new();

    /// <summary>Forgets a set that is gone.</summary>
    public void Forget(ObjectKey set) => _expectations.Forget(set);

    /// <summary>Repeats the deletes whose outcome is unknown.</summary>
    public async ValueTask RetryUnknownAsync(V1StatefulSet set, CancellationToken cancellationToken)
    {
        foreach (var pod in _expectations.Pending(set, WriteVerb.Delete))
        {
            await DeleteAsync(set, pod, cancellationToken);
        }
    }

    /// <summary>Executes the actions in order. Neighbours of the same kind run at once. Fails when one fails.</summary>
    public async ValueTask ApplyAsync(V1StatefulSet set, IReadOnlyList<StatefulSetAction> actions, CancellationToken cancellationToken)
    {
        for (var done = 0; done < actions.Count; )
        {
            var kind = actions[done].GetType();
            List<StatefulSetAction> same = [.. actions.Skip(done).TakeWhile(a => a.GetType() == kind)];
            done += same.Count;
            foreach (var batch in SlowStartBatches.Of(same, MaxBatch))
            {
                await Task.WhenAll(batch.Select(action => ApplyAsync(set, action, cancellationToken)));
            }
        }
    }

    private Task ApplyAsync(V1StatefulSet set, StatefulSetAction action, CancellationToken cancellationToken) =>
        action switch
        {
            CreateStatefulPod create => CreateAsync(set, create, cancellationToken),
            CreateClaims create => CreateAsync(set, create, cancellationToken),
            RepairStatefulPod repair => RecordResultAsync(
                set,
                "update",
                repair.Pod,
                async () => await caches.Pods.WaitForWriteAsync(await client.UpdateAsync(repair.Pod, cancellationToken), cancellationToken),
                cancellationToken
            ),
            DeleteStatefulPod delete => DeleteAsync(set, delete.Pod, cancellationToken),
            SetClaimOwners owners => SetOwnersAsync(set, owners, cancellationToken),
            ReportBlocked blocked => ReportAsync(set, blocked),
            _ => throw new InvalidOperationException($"unknown action: {action}"),
        };

    private async Task CreateAsync(V1StatefulSet set, CreateStatefulPod create, CancellationToken cancellationToken)
    {
        foreach (var claim in create.Claims)
        {
            try
            {
                await CreateAsync(set, create.Pod, claim, cancellationToken);
            }
            catch (Exception e) when (!cancellationToken.IsCancellationRequested)
            {
                var error = $"failed to create PVC {claim.Metadata.Name}: {ErrorMessages.Of(e)}";
                events.Record(set, "Warning", "FailedCreate", FailedMessage("create", set, create.Pod, error));
                throw;
            }
        }
        await RecordResultAsync(set, "create", create.Pod, () => CreateAsync(set, create.Pod, cancellationToken), cancellationToken);
    }

    private async Task CreateAsync(V1StatefulSet set, V1Pod pod, CancellationToken cancellationToken)
    {
        V1Pod created;
        try
        {
            created = await client.CreateAsync(pod, cancellationToken);
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            if (await client.FindAsync<V1Pod>(pod.Key(), cancellationToken) is not { } found || !found.IsControlledBy(set.Metadata.Uid))
            {
                // Another pod has the name: the set waits until that one is gone.
                throw;
            }
            // An earlier create whose answer was lost made it.
            created = found;
        }
        await caches.Pods.WaitForWriteAsync(created, cancellationToken);
    }

    private async Task CreateAsync(V1StatefulSet set, CreateClaims create, CancellationToken cancellationToken)
    {
        foreach (var claim in create.Claims)
        {
            await CreateAsync(set, create.Pod, claim, cancellationToken);
        }
    }

    private async Task CreateAsync(V1StatefulSet set, V1Pod pod, V1PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        try
        {
            var created = await client.CreateAsync(claim, cancellationToken);
            events.Record(
                set,
                "Normal",
                "SuccessfulCreate",
                $"create Claim {claim.Metadata.Name} Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} success"
            );
            await caches.PersistentVolumeClaims.WaitForWriteAsync(created, cancellationToken);
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            // A user created it, or an earlier create whose answer was lost did. It is used as it is, unless it is being deleted.
            if (
                await client.FindAsync<V1PersistentVolumeClaim>(claim.Key(), cancellationToken)
                is not { Metadata.DeletionTimestamp: null } existing
            )
            {
                throw;
            }
            await caches.PersistentVolumeClaims.WaitForWriteAsync(existing, cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            events.Record(
                set,
                "Warning",
                "FailedCreate",
                $"create Claim {claim.Metadata.Name} for Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} failed "
                    + $"error: {ErrorMessages.Of(e)}"
            );
            throw;
        }
    }

    private async Task DeleteAsync(V1StatefulSet set, V1Pod pod, CancellationToken cancellationToken)
    {
        _expectations.Expect(set, WriteVerb.Delete, pod);
        try
        {
            await RecordResultAsync(
                set,
                "delete",
                pod,
                () => client.DeleteUnlessRecoveredAsync(caches.Pods, pod, cancellationToken).AsTask(),
                cancellationToken
            );
        }
        catch (Exception e) when (!ApiFailures.IsOutcomeUnknown(e, cancellationToken))
        {
            _expectations.Observe(set, WriteVerb.Delete, pod);
            throw;
        }
        _expectations.Observe(set, WriteVerb.Delete, pod);
        await caches.Pods.WaitForDeletionAsync(pod, cancellationToken);
    }

    private async Task SetOwnersAsync(V1StatefulSet set, SetClaimOwners change, CancellationToken cancellationToken)
    {
        var claim = change.Claim;
        if (change.Conflicting)
        {
            events.Record(
                set,
                "Warning",
                "ConflictingController",
                $"PersistentVolumeClaim {claim.Metadata.Name} has a conflicting OwnerReference that acts as a manging "
                    + $"controller, the retention policy is ignored for this claim"
            );
        }
        var owners = ConditionalPatch.ArrayOrNull(change.Owners.Select(ConditionalPatch.Json));
        var patch = ConditionalPatch.For(claim, new() { ["ownerReferences"] = owners });
        var changed = await client.PatchAsync<V1PersistentVolumeClaim>(claim.Key(), patch, cancellationToken);
        await caches.PersistentVolumeClaims.WaitForWriteAsync(changed, cancellationToken);
    }

    private Task ReportAsync(V1StatefulSet set, ReportBlocked blocked)
    {
        events.Record(set, "Warning", "FailedCreate", FailedMessage("create", set, blocked.Pod, blocked.Reason));
        return Task.CompletedTask;
    }

    private async Task RecordResultAsync(V1StatefulSet set, string verb, V1Pod pod, Func<Task> write, CancellationToken cancellationToken)
    {
        var reason = char.ToUpperInvariant(verb[0]) + verb[1..];
        try
        {
            await write();
            events.Record(
                set,
                "Normal",
                $"Successful{reason}",
                $"{verb} Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} successful"
            );
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && !IsExpected(verb, e))
        {
            events.Record(set, "Warning", $"Failed{reason}", FailedMessage(verb, set, pod, ErrorMessages.Of(e)));
            throw;
        }
    }

    // The name is still taken, or a pod to delete has changed: the controller plans again.
    private static bool IsExpected(string verb, Exception e) =>
        e is ApiException { IsAlreadyExists: true } || (verb == "delete" && e is ApiException { IsConflict: true });

    private static string FailedMessage(string verb, V1StatefulSet set, V1Pod pod, string error) =>
        $"{verb} Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} failed error: {error}";
}
