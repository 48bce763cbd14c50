using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Workloads;

namespace Petrel.Controllers.Adoption;

/// <summary>
/// Changes the metadata of cached objects: owners, labels, finalizers. A change fails with a conflict when the object is no longer what the
/// cache shows. An object that is gone needs no change. Each call returns when the cache shows the result.
/// </summary>
internal sealed class MetadataWriter<T>(ApiClient client, SharedCache<T> cache)
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    /// <summary>Makes the object with this reference the controller.</summary>
    /// <param name="value">The object, which has no controller.</param>
    /// <param name="controller">The reference to the new controller.</param>
    /// <param name="metadata">What else to change in the metadata, if anything.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public Task AdoptAsync(T value, V1OwnerReference controller, JsonObject? metadata, CancellationToken cancellationToken) =>
        SetOwnersAsync(value, value.OwnersWith(controller), metadata, seen => seen.IsControlledBy(controller.Uid), cancellationToken);

    /// <summary>Removes the object with this uid from the owners.</summary>
    public Task ReleaseAsync(T value, string ownerUid, JsonObject? metadata, CancellationToken cancellationToken) =>
        SetOwnersAsync(value, value.OwnersWithout(ownerUid), metadata, seen => !seen.IsControlledBy(ownerUid), cancellationToken);

    /// <summary>Releases, then adopts what the plan says.</summary>
    public async ValueTask ApplyAsync(AdoptionPlan<T> plan, V1OwnerReference owner, CancellationToken cancellationToken)
    {
        foreach (var value in plan.Release)
        {
            await ReleaseAsync(value, owner.Uid, null, cancellationToken);
        }
        foreach (var value in plan.Adopt)
        {
            await AdoptAsync(value, owner, null, cancellationToken);
        }
    }

    /// <summary>Merges a patch into the metadata.</summary>
    /// <param name="value">The object as the cache shows it.</param>
    /// <param name="metadata">The changes.</param>
    /// <param name="isDone">Whether the cache shows the result.</param>
    /// <param name="cancellationToken">Cancels the call.</param>
    public async Task PatchAsync(T value, JsonObject metadata, Func<T, bool> isDone, CancellationToken cancellationToken)
    {
        try
        {
            await client.PatchAsync<T>(value.Key(), ConditionalPatch.For(value, metadata), cancellationToken);
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            // The cache will show that it is gone.
        }
        await cache.WaitUntilAsync(value, isDone, cancellationToken);
    }

    private Task SetOwnersAsync(
        T value,
        IEnumerable<V1OwnerReference> owners,
        JsonObject? metadata,
        Func<T, bool> isDone,
        CancellationToken cancellationToken
    )
    {
        metadata ??= [];
        metadata["ownerReferences"] = ConditionalPatch.ArrayOrNull(owners.Select(ConditionalPatch.Json));
        return PatchAsync(value, metadata, isDone, cancellationToken);
    }
}
