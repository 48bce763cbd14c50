using System.Text.Json.Nodes;
using k8s;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Caching;
using Petrel.Controllers.StatefulSets;
using Petrel.Model;

namespace Petrel.Controllers.Revisions;

/// <summary>
/// Keeps the histories of StatefulSets or DaemonSets. Names of revisions follow from their data, so that a write whose outcome is unknown
/// is simply done again. Each write returns when the cache shows it.
/// </summary>
internal sealed class RevisionHistoryWriter(ApiClient client, SharedCache<V1ControllerRevision> cache)
{
    /// <summary>The owner's history as the cache shows it.</summary>
    public RevisionPlan Plan(RevisionOwner owner) =>
        RevisionPlan.Compute(owner, cache.ControlledBy(owner.Metadata.Uid).Concat(cache.OrphansIn(owner.Metadata.NamespaceProperty)));

    /// <summary>
    /// Writes what the plan lacks. The owner has to be the newest. Null when the plan was made too early and has to be made again.
    /// </summary>
    public async ValueTask<RevisionHistory?> BringUpToDateAsync(RevisionOwner owner, RevisionPlan plan, CancellationToken cancellationToken)
    {
        if (plan.HasClaims)
        {
            await ClaimAsync(owner, plan, cancellationToken);
            plan = Plan(owner);
            if (plan.HasClaims)
            {
                return null;
            }
        }
        if (plan.Newest is null)
        {
            return await CreateAsync(owner, plan, cancellationToken);
        }
        if (plan.Newest.Revision != plan.Number)
        {
            var changed = KubernetesJson.Deserialize<V1ControllerRevision>(KubernetesJson.Serialize(plan.Newest));
            changed.Revision = plan.Number;
            await WaitForCacheAsync(await client.UpdateAsync(changed, cancellationToken), cancellationToken);
            plan = Plan(owner);
        }
        return Known(owner, plan);
    }

    /// <summary>The history, when the plan lacks nothing.</summary>
    public static RevisionHistory? Known(RevisionOwner owner, RevisionPlan plan) =>
        plan.IsBehind ? null : new(plan.Newest!, plan.Owned, owner.CollisionCount);

    /// <summary>Deletes a revision, if it is still what the cache shows.</summary>
    public async ValueTask DeleteAsync(V1ControllerRevision revision, CancellationToken cancellationToken)
    {
        var key = Key(revision);
        await client.DeleteAsync<V1ControllerRevision>(
            key,
            new()
            {
                Preconditions = new() { Uid = revision.Metadata.Uid, ResourceVersion = revision.Metadata.ResourceVersion },
            },
            cancellationToken
        );
        await cache.WaitUntilAsync(() => cache.Get(key)?.Metadata.ResourceVersion != revision.Metadata.ResourceVersion, cancellationToken);
    }

    /// <summary>Changes a revision's metadata, on the condition that it is still what the cache shows.</summary>
    public async ValueTask PatchAsync(V1ControllerRevision revision, JsonObject metadata, CancellationToken cancellationToken)
    {
        metadata["uid"] = revision.Metadata.Uid;
        metadata["resourceVersion"] = revision.Metadata.ResourceVersion;
        var key = Key(revision);
        try
        {
            await WaitForCacheAsync(
                await client.PatchAsync<V1ControllerRevision>(key, new() { ["metadata"] = metadata }, cancellationToken),
                cancellationToken
            );
        }
        catch (ApiException e) when (e.IsNotFound)
        {
            await cache.WaitUntilAsync(() => cache.Get(key)?.Metadata.Uid != revision.Metadata.Uid, cancellationToken);
        }
    }

    private async ValueTask ClaimAsync(RevisionOwner owner, RevisionPlan plan, CancellationToken cancellationToken)
    {
        foreach (var revision in plan.Release)
        {
            await SetOwnersAsync(revision, revision.Metadata.OwnerReferences.Where(o => o.Uid != owner.Metadata.Uid), cancellationToken);
        }
        foreach (var revision in plan.Adopt)
        {
            await SetOwnersAsync(revision, [.. revision.Metadata.OwnerReferences ?? [], owner.Reference], cancellationToken);
        }
    }

    private ValueTask SetOwnersAsync(
        V1ControllerRevision revision,
        IEnumerable<V1OwnerReference> owners,
        CancellationToken cancellationToken
    )
    {
        var references = owners.Select(o => JsonNode.Parse(KubernetesJson.Serialize(o))).ToArray();
        return PatchAsync(
            revision,
            new() { ["ownerReferences"] = references.Length == 0 ? null : new JsonArray(references) },
            cancellationToken
        );
    }

    /// <summary>Creates the revision under the first name that no other data has.</summary>
    private async ValueTask<RevisionHistory?> CreateAsync(RevisionOwner owner, RevisionPlan plan, CancellationToken cancellationToken)
    {
        for (var collisions = owner.CollisionCount; ; collisions = (collisions ?? 0) + 1)
        {
            var revision = RevisionPlan.Create(owner, plan.Number, collisions);
            try
            {
                var created = await client.CreateAsync(revision, cancellationToken);
                await WaitForCacheAsync(created, cancellationToken);
                return new(created, [.. plan.Owned, created], collisions);
            }
            catch (ApiException e) when (e.IsAlreadyExists)
            {
                var existing = await client.FindAsync<V1ControllerRevision>(Key(revision), cancellationToken);
                if (existing is null)
                {
                    return null;
                }
                if (IsUsable(owner, existing))
                {
                    // Ours from a create whose answer was lost, or one to adopt: the cache is about to show it.
                    await WaitForCacheAsync(existing, cancellationToken);
                    return null;
                }
            }
        }
    }

    private static bool IsUsable(RevisionOwner owner, V1ControllerRevision existing) =>
        existing.Metadata.DeletionTimestamp is null
        && RevisionData.Of(owner.Template).Equals(RevisionData.From(existing))
        && (
            existing.ControllerReference() is { } controller
                ? controller.Uid == owner.Metadata.Uid
                : LabelSets.Selector(owner.Selector).Matches(LabelSets.Of(existing.Metadata.Labels))
        );

    private ValueTask WaitForCacheAsync(V1ControllerRevision revision, CancellationToken cancellationToken) =>
        cache.WaitForRevisionAsync(ulong.Parse(revision.Metadata.ResourceVersion), cancellationToken);

    private static ObjectKey Key(V1ControllerRevision revision) => new(revision.Metadata.NamespaceProperty, revision.Metadata.Name);
}
