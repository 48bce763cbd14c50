using k8s.Models;
using Petrel.Controllers.StatefulSets;

namespace Petrel.Controllers.Revisions;

/// <summary>
/// What a StatefulSet's or DaemonSet's history lacks (upstream: pkg/controller/history). Claims come first; what else is planned holds when
/// there are none.
/// </summary>
/// <param name="Adopt">Revisions without a controller that the selector matches.</param>
/// <param name="Release">Revisions of the owner that its selector does not match any more.</param>
/// <param name="Owned">Its revisions, oldest first.</param>
/// <param name="Newest">The revision of the template as it is now; null when there is none and it has to be created.</param>
/// <param name="Number">The number that this revision should have: above every other template's, also when it is an old one to which the
/// owner went back.</param>
/// <param name="Duplicates">Other revisions of the same template.</param>
public sealed record RevisionPlan(
    IReadOnlyList<V1ControllerRevision> Adopt,
    IReadOnlyList<V1ControllerRevision> Release,
    IReadOnlyList<V1ControllerRevision> Owned,
    V1ControllerRevision? Newest,
    long Number,
    IReadOnlyList<V1ControllerRevision> Duplicates
)
{
    // What a name's hash, its dash and the limit of 253 leave.
    private const int LongestPrefix = 223;

    /// <summary>Whether revisions have to change their owner before the history can be judged.</summary>
    public bool HasClaims => Adopt.Count > 0 || Release.Count > 0;

    /// <summary>Whether something has to be written before the owner's pods can be looked at.</summary>
    public bool IsBehind => HasClaims || Newest is null || Newest.Revision != Number;

    /// <summary>The plan from the owner's revisions and those in its namespace that nobody controls.</summary>
    public static RevisionPlan Compute(RevisionOwner owner, IEnumerable<V1ControllerRevision> revisions)
    {
        var selector = LabelSets.Selector(owner.Selector);
        List<V1ControllerRevision> adopt = [],
            release = [],
            owned = [];
        foreach (var revision in revisions)
        {
            var matches = selector.Matches(LabelSets.Of(revision.Metadata.Labels));
            var controller = revision.ControllerReference();
            if (controller?.Uid == owner.Metadata.Uid)
            {
                (matches ? owned : release).Add(revision);
            }
            else if (controller is null && matches && revision.Metadata.DeletionTimestamp is null)
            {
                adopt.Add(revision);
            }
        }
        owned.Sort(Compare);
        var data = RevisionData.Of(owner.Template);
        // One on its way out can't stand for a template: its name is free for the next one when it is gone.
        var same = owned.Where(r => r.Metadata.DeletionTimestamp is null && data.Equals(RevisionData.From(r))).ToList();
        var newest = same.LastOrDefault();
        var others = owned.Except(same).Select(NumberOf).DefaultIfEmpty().Max();
        var number = newest is not null && NumberOf(newest) > others ? NumberOf(newest) : others + 1;
        return new(adopt, release, owned, newest, number, [.. same.SkipLast(1)]);
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
                Name = $"{prefix[..Math.Min(prefix.Length, LongestPrefix)]}-{hash}",
                NamespaceProperty = owner.Metadata.NamespaceProperty,
                Labels = new Dictionary<string, string>(LabelSets.Of(owner.Template.Metadata?.Labels)) { [owner.HashLabel] = hash },
                Annotations = owner.Metadata.Annotations,
                OwnerReferences = [owner.Reference],
            },
            Data = data.ToData(),
            Revision = number,
        };
    }

    /// <summary>
    /// Which revisions there is no room for, oldest first: never one that <paramref name="isLive"/> says is needed. <paramref
    /// name="countLive"/> says whether needed ones take room too, as they do in a DaemonSet's history but not in a StatefulSet's.
    /// </summary>
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
