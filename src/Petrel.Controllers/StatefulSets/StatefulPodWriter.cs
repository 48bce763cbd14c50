using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.PodControl;
using Petrel.Model;

namespace Petrel.Controllers.StatefulSets;

/// <summary>
/// Does the steps of a <see cref="StatefulSetPlan"/> and returns when the caches show them. The names of pods and claims follow from the
/// set, so that a create whose outcome is unknown is simply planned again; a delete whose outcome is unknown is repeated before anything
/// else is planned, or an update might make more pods unavailable than it may.
/// </summary>
internal sealed class StatefulPodWriter(ApiClient client, ClusterCaches caches, EventRecorder events, Expectations expectations)
{
    /// <summary>Repeats the deletes whose outcome is unknown.</summary>
    public async ValueTask RetryUnknownWritesAsync(V1StatefulSet set, CancellationToken cancellationToken)
    {
        foreach (var pod in expectations.Pending(PodOwner.Of(set)).Deletes)
        {
            await DeleteAsync(set, pod, cancellationToken);
        }
    }

    /// <summary>Does the actions in order; those next to each other that create, or that delete, together. Fails when one fails.</summary>
    public async ValueTask ApplyAsync(V1StatefulSet set, IReadOnlyList<StatefulSetAction> actions, CancellationToken cancellationToken)
    {
        for (var done = 0; done < actions.Count; )
        {
            var kind = actions[done].GetType();
            List<StatefulSetAction> same = [.. actions.Skip(done).TakeWhile(a => a.GetType() == kind)];
            done += same.Count;
            // Slow start: what makes one fail (a quota, say) makes them all fail, and is found out with few of them.
            for (var (batch, next) = (1, 0); next < same.Count; next += batch, batch = Math.Min(2 * batch, 500))
            {
                await Task.WhenAll(same.Skip(next).Take(batch).Select(action => ApplyAsync(set, action, cancellationToken)));
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
                () => UpdateAsync(repair.Pod, cancellationToken),
                cancellationToken
            ),
            DeleteStatefulPod delete => DeleteAsync(set, delete.Pod, cancellationToken),
            SetClaimOwners owners => SetOwnersAsync(set, owners, cancellationToken),
            ReportBlocked blocked => ReportAsync(set, blocked),
            _ => throw new InvalidOperationException($"no step: {action}"),
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
                var problem = $"failed to create PVC {claim.Metadata.Name}: {PodWriter.MessageOf(e)}";
                events.Record(set, "Warning", "FailedCreate", Failed("create", set, create.Pod, problem));
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
            if (await client.FindAsync<V1Pod>(Key(pod), cancellationToken) is not { } found || !found.IsControlledBy(set.Metadata.Uid))
            {
                // Someone else has the name: the set waits until it is free.
                throw;
            }
            // Ours, from a create whose answer was lost.
            created = found;
        }
        await caches.Pods.WaitForRevisionAsync(Revision(created), cancellationToken);
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
            await caches.PersistentVolumeClaims.WaitForRevisionAsync(Revision(created), cancellationToken);
        }
        catch (ApiException e) when (e.IsAlreadyExists)
        {
            // Someone made it, or we did and the answer was lost: it is used as it is, unless it goes.
            if (
                await client.FindAsync<V1PersistentVolumeClaim>(Key(claim), cancellationToken)
                is not { Metadata.DeletionTimestamp: null } existing
            )
            {
                throw;
            }
            await caches.PersistentVolumeClaims.WaitForRevisionAsync(Revision(existing), cancellationToken);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            events.Record(
                set,
                "Warning",
                "FailedCreate",
                $"create Claim {claim.Metadata.Name} for Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} failed "
                    + $"error: {PodWriter.MessageOf(e)}"
            );
            throw;
        }
    }

    private async Task UpdateAsync(V1Pod pod, CancellationToken cancellationToken) =>
        await caches.Pods.WaitForRevisionAsync(Revision(await client.UpdateAsync(pod, cancellationToken)), cancellationToken);

    private async Task DeleteAsync(V1StatefulSet set, V1Pod pod, CancellationToken cancellationToken)
    {
        var owner = PodOwner.Of(set);
        expectations.ExpectDelete(owner, pod);
        try
        {
            await RecordResultAsync(
                set,
                "delete",
                pod,
                () =>
                    client
                        .DeleteAsync<V1Pod>(Key(pod), new() { Preconditions = new() { Uid = pod.Metadata.Uid } }, cancellationToken)
                        .AsTask(),
                cancellationToken
            );
        }
        catch (Exception e) when (!PodWriter.IsUnknown(e))
        {
            expectations.DeleteObserved(owner, pod);
            throw;
        }
        expectations.DeleteObserved(owner, pod);
        await caches.Pods.WaitUntilAsync(
            () => caches.Pods.Get(Key(pod)) is not { } seen || seen.Metadata.Uid != pod.Metadata.Uid || seen.IsDeleting(),
            cancellationToken
        );
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
        JsonNode[] references = [.. change.Owners.Select(o => JsonNode.Parse(KubernetesJson.Serialize(o))!)];
        var patch = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["uid"] = claim.Metadata.Uid,
                ["resourceVersion"] = claim.Metadata.ResourceVersion,
                ["ownerReferences"] = references.Length == 0 ? null : new JsonArray(references),
            },
        };
        var changed = await client.PatchAsync<V1PersistentVolumeClaim>(Key(claim), patch, cancellationToken);
        await caches.PersistentVolumeClaims.WaitForRevisionAsync(Revision(changed), cancellationToken);
    }

    private Task ReportAsync(V1StatefulSet set, ReportBlocked blocked)
    {
        events.Record(set, "Warning", "FailedCreate", Failed("create", set, blocked.Pod, blocked.Problem));
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
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is not ApiException { IsAlreadyExists: true })
        {
            events.Record(set, "Warning", $"Failed{reason}", Failed(verb, set, pod, PodWriter.MessageOf(e)));
            throw;
        }
    }

    private static string Failed(string verb, V1StatefulSet set, V1Pod pod, string problem) =>
        $"{verb} Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} failed error: {problem}";

    private static ObjectKey Key(IKubernetesObject<V1ObjectMeta> value) => new(value.Metadata.NamespaceProperty, value.Metadata.Name);

    private static ulong Revision(IKubernetesObject<V1ObjectMeta> value) => ulong.Parse(value.Metadata.ResourceVersion);
}
