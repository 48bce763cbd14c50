using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Adoption;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Framework;
using Petrel.Workloads;

namespace Petrel.Controllers.Revisions;

/// <summary>
/// Writes the revisions of StatefulSets and DaemonSets. The name of a revision follows from its data: a write whose outcome is unknown is
/// simply planned again. Each write returns when the cache shows it.
/// </summary>
internal sealed class RevisionWriter(ApiClient client, SharedCache<V1ControllerRevision> cache)
{
    private readonly MetadataWriter<V1ControllerRevision> _metadata = new(client, cache);

    /// <summary>What the owner's history lacks, as the cache shows it.</summary>
    public RevisionPlan Plan(RevisionOwner owner) => RevisionPlan.Compute(owner, cache.ControlledByOrOrphaned(owner.Metadata));

    /// <summary>The history, when the plan has no work; otherwise null.</summary>
    public static RevisionHistory? HistoryOf(RevisionOwner owner, RevisionPlan plan) =>
        plan.HasWork ? null : new(plan.Newest!, plan.Adoption.Owned, owner.CollisionCount);

    /// <summary>Writes what the plan says. The owner has to be up to date. Returns null when another plan is needed.</summary>
    public async ValueTask<RevisionHistory?> ApplyAsync(RevisionOwner owner, RevisionPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Adoption.HasWork)
        {
            await _metadata.ApplyAsync(plan.Adoption, owner.Reference, cancellationToken);
            plan = Plan(owner);
            if (plan.Adoption.HasWork)
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
            var copy = plan.Newest.DeepCopy();
            copy.Revision = plan.Number;
            await cache.WaitForWriteAsync(await client.UpdateAsync(copy, cancellationToken), cancellationToken);
            plan = Plan(owner);
        }
        return HistoryOf(owner, plan);
    }

    /// <summary>Deletes a revision, if it is still what the cache shows.</summary>
    public async ValueTask DeleteAsync(V1ControllerRevision revision, CancellationToken cancellationToken)
    {
        var preconditions = new V1Preconditions { Uid = revision.Metadata.Uid, ResourceVersion = revision.Metadata.ResourceVersion };
        await client.DeleteAsync<V1ControllerRevision>(revision.Key(), new() { Preconditions = preconditions }, cancellationToken);
        await cache.WaitUntilAsync(revision, seen => seen.Metadata.ResourceVersion != revision.Metadata.ResourceVersion, cancellationToken);
    }

    /// <inheritdoc cref="MetadataWriter{T}.PatchAsync"/>
    public Task PatchAsync(
        V1ControllerRevision revision,
        JsonObject metadata,
        Func<V1ControllerRevision, bool> isDone,
        CancellationToken cancellationToken
    ) => _metadata.PatchAsync(revision, metadata, isDone, cancellationToken);

    /// <summary>Creates the revision under the first name that no other data has.</summary>
    private async ValueTask<RevisionHistory?> CreateAsync(RevisionOwner owner, RevisionPlan plan, CancellationToken cancellationToken)
    {
        for (var collisions = owner.CollisionCount; ; collisions = (collisions ?? 0) + 1)
        {
            var revision = RevisionPlan.Create(owner, plan.Number, collisions);
            try
            {
                var created = await client.CreateAsync(revision, cancellationToken);
                await cache.WaitForWriteAsync(created, cancellationToken);
                return new(created, [.. plan.Adoption.Owned, created], collisions);
            }
            catch (ApiException e) when (e.IsAlreadyExists)
            {
                var existing = await client.FindAsync<V1ControllerRevision>(revision.Key(), cancellationToken);
                if (existing is null)
                {
                    return null;
                }
                if (IsUsable(owner, existing))
                {
                    // An earlier create whose answer was lost made it, or it can be adopted. The next plan will use it.
                    await cache.WaitForWriteAsync(existing, cancellationToken);
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
                : LabelSelectors.From(owner.Selector).Matches(LabelSets.Of(existing.Metadata.Labels))
        );
}
