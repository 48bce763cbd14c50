using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Adoption;
using Petrel.Workloads;

namespace Petrel.Controllers.Revisions;

/// <summary>What the revision history of a StatefulSet or DaemonSet lacks (upstream: pkg/controller/history).</summary>
/// <param name="Adoption">Revisions to adopt and to release. This comes first; the rest holds when there are none.</param>
/// <param name="Newest">The revision of the current template; null when it has to be created.</param>
/// <param name="Number">The number that this revision should have: higher than that of every other template, also after a rollback.</param>
/// <param name="Duplicates">Other revisions of the same template.</param>
public sealed record RevisionPlan(
    AdoptionPlan<V1ControllerRevision> Adoption,
    V1ControllerRevision? Newest,
    long Number,
    IReadOnlyList<V1ControllerRevision> Duplicates
)
{
    // The hash, the dash and the limit of 253 leave this much.
    private const int MaxPrefixLength = 223;

    /// <summary>Whether anything has to be written before the owner's pods are synced.</summary>
    public bool HasWork => Adoption.HasWork || Newest is null || Newest.Revision != Number;

    /// <summary>The plan for the owner's revisions and those in its namespace without a controller.</summary>
    public static RevisionPlan Compute(RevisionOwner owner, IEnumerable<V1ControllerRevision> revisions)
    {
        var selector = LabelSelectors.From(owner.Selector);
        var found = AdoptionPlan<V1ControllerRevision>.Compute(owner.Metadata, revisions, revision =>
            selector.Matches(LabelSets.Of(revision.Metadata.Labels))
        );
        List<V1ControllerRevision> owned = [.. found.Owned.Order(Comparer<V1ControllerRevision>.Create(Compare))];
        var data = RevisionData.Of(owner.Template);
        // A revision that is being deleted does not count: the next one gets its name when it is gone.
        var same = owned.Where(r => r.Metadata.DeletionTimestamp is null && data.Equals(RevisionData.From(r))).ToList();
        var newest = same.LastOrDefault();
        var others = owned.Except(same).Select(NumberOf).DefaultIfEmpty().Max();
        var number = newest is not null && NumberOf(newest) > others ? NumberOf(newest) : others + 1;
        return new(found with { Owned = owned }, newest, number, [.. same.SkipLast(1)]);
    }

    /// <summary>The revision to create for the owner's template.</summary>
    public static V1ControllerRevision Create(RevisionOwner owner, long number, int? collisionCount)
    {
        var data = RevisionData.Of(owner.Template);
        var hash = data.Hash(collisionCount);
        var prefix = owner.Metadata.Name;
        return new()
        {
            ApiVersion = "apps/v1",
            Kind = "ControllerRevision",
            Metadata = new()
            {
                Name = $"{prefix[..Math.Min(prefix.Length, MaxPrefixLength)]}-{hash}",
                NamespaceProperty = owner.Metadata.NamespaceProperty,
                Labels = new Dictionary<string, string>(LabelSets.Of(owner.Template.Metadata?.Labels)) { [owner.HashLabel] = hash },
                Annotations = owner.Metadata.Annotations,
                OwnerReferences = [owner.Reference],
            },
            Data = data.ToData(),
            Revision = number,
        };
    }

    /// <summary>The revisions beyond the history limit, oldest first.</summary>
    /// <param name="oldRevisions">The revisions of old templates.</param>
    /// <param name="isLive">Whether a revision is in use and must stay.</param>
    /// <param name="limit">The history limit.</param>
    /// <param name="countLive">Whether revisions in use count towards the limit, as for DaemonSets but not for StatefulSets.</param>
    public static IReadOnlyList<V1ControllerRevision> Truncate(
        IEnumerable<V1ControllerRevision> oldRevisions,
        Func<V1ControllerRevision, bool> isLive,
        int limit,
        bool countLive
    )
    {
        if (limit < 0)
        {
            return [];
        }
        var old = oldRevisions.Order(Comparer<V1ControllerRevision>.Create(Compare)).ToList();
        var removable = old.Where(r => !isLive(r) && r.Metadata.DeletionTimestamp is null).ToList();
        return [.. removable.Take(Math.Max(0, (countLive ? old.Count : removable.Count) - limit))];
    }

    private static long NumberOf(V1ControllerRevision revision) => revision.Revision ?? 0;

    private static int Compare(V1ControllerRevision left, V1ControllerRevision right)
    {
        var order = NumberOf(left).CompareTo(NumberOf(right));
        order = order != 0 ? order : Nullable.Compare(left.Metadata.CreationTimestamp, right.Metadata.CreationTimestamp);
        return order != 0 ? order : string.CompareOrdinal(left.Metadata.Name, right.Metadata.Name);
    }
}
