using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Apply;

/// <summary>Fields that an apply would change and others own.</summary>
public sealed record FieldConflict(FieldManager Manager, FieldSet Fields);

/// <summary>What an apply comes to: the object, and who owns what then. With conflicts, neither is of use.</summary>
public sealed record ApplyResult(JsonObject Document, ManagedFields Managers, IReadOnlyList<FieldConflict> Conflicts);

/// <summary>
/// The rules of server-side apply: what writes and applies do to an object and to the ownership of its fields (structured-merge-diff's
/// Updater, with upstream's managedFields rules around it).
/// </summary>
public static class FieldOwnership
{
    private const int MaxUpdaters = 10;
    private const string Metadata = "f:metadata";

    // What nobody owns: it identifies the object, or the server sets it.
    private static readonly FieldSet Nobodys = Build(
        ["apiVersion"],
        ["kind"],
        ["metadata"],
        ["metadata", "name"],
        ["metadata", "namespace"],
        ["metadata", "creationTimestamp"],
        ["metadata", "selfLink"],
        ["metadata", "uid"],
        ["metadata", "clusterName"],
        ["metadata", "generation"],
        ["metadata", "managedFields"],
        ["metadata", "resourceVersion"]
    );

    /// <summary>Who owns what after a write of a whole object: the writer owns what it changed, and what is gone is nobody's.</summary>
    /// <param name="before">The object as it was; empty when it is new.</param>
    /// <param name="after">The object as it will be.</param>
    /// <param name="managers">Who owns what.</param>
    /// <param name="writer">The manager that writes.</param>
    /// <param name="kind">The object's kind.</param>
    /// <param name="reset">Fields that this path cannot write.</param>
    /// <param name="now">The time of the change.</param>
    /// <param name="isUnchanged">Whether a top-level member is known to be as it was, and need not be compared; null: none is.</param>
    public static ManagedFields Update(
        JsonObject before,
        JsonObject after,
        ManagedFields managers,
        FieldManager writer,
        ApplyKind kind,
        FieldSet reset,
        string now,
        Func<string, bool>? isUnchanged = null
    )
    {
        var comparisons = new Comparisons(before, after, kind, reset, isUnchanged);
        var comparison = comparisons.Of(kind.ApiVersion)!;
        if (comparison.IsSame)
        {
            return managers;
        }
        var changed = Owned(comparison.Changed);
        var result = managers.Select(entry =>
            comparisons.Of(entry.Manager.ApiVersion) is not { } seen
                ? new FieldSet()
                : entry.Fields.Difference(entry.Manager.IsSame(writer) ? seen.Removed : seen.Changed.Union(seen.Removed))
        );
        return (changed.IsEmpty ? result : result.With(writer, result.FieldsOf(writer).Union(changed), now)).Capped(MaxUpdaters);
    }

    /// <summary>Applies a configuration.</summary>
    /// <param name="live">The object as it is; empty when it is not there yet.</param>
    /// <param name="configuration">What the manager wants, and nothing else.</param>
    /// <param name="managers">Who owns what.</param>
    /// <param name="applier">The manager that applies.</param>
    /// <param name="kind">The object's kind.</param>
    /// <param name="reset">Fields that this path cannot write (the status, or all but the status); what a configuration says of them counts
    /// for nothing.</param>
    /// <param name="force">Whether fields of others are taken from them.</param>
    /// <param name="now">The time of the change.</param>
    /// <exception cref="ApplyException">The configuration is not in its schema's form.</exception>
    public static ApplyResult Apply(
        JsonObject live,
        JsonObject configuration,
        ManagedFields managers,
        FieldManager applier,
        ApplyKind kind,
        FieldSet reset,
        bool force,
        string now
    )
    {
        managers = managers.Select(e =>
            kind.Version(e.Manager.ApiVersion) is { } version ? TypedFields.Reconcile(e.Fields, version.Schema) : e.Fields
        );
        var wanted = TypedFields.SetOf(configuration, kind.Schema).RecursiveDifference(reset);
        var merged = TypedMerge.Merge(live, configuration, kind.Schema);
        var last = managers.Entries.FirstOrDefault(e => e.Manager.IsSame(applier));
        var granted = managers.With(applier, wanted, last?.Time ?? now);
        var pruned = Prune(merged, last, granted, kind);
        var comparisons = new Comparisons(live, pruned, kind, reset);

        var conflicts = new List<FieldConflict>();
        var result = granted.Select(entry =>
        {
            if (entry.Manager.IsSame(applier))
            {
                return entry.Fields;
            }
            if (comparisons.Of(entry.Manager.ApiVersion) is not { } seen)
            {
                // Of a version that is gone nobody can tell what its fields were.
                return new FieldSet();
            }
            var taken = entry.Fields.Intersection(seen.Changed);
            if (!taken.IsEmpty)
            {
                conflicts.Add(new(entry.Manager, taken));
            }
            return entry.Fields.Difference(taken).Difference(seen.Removed);
        });
        if (conflicts.Count > 0 && !force)
        {
            return new(live, managers, conflicts);
        }
        var owned = Owned(wanted);
        // The time tells of the manager's last change: of the object, or of what it owns.
        var isSame = last is not null && last.Manager == applier && last.Fields.SetEquals(owned) && JsonNode.DeepEquals(live, pruned);
        return new(pruned, result.With(applier, owned, isSame ? last!.Time : now), []);
    }

    /// <summary>The fields of a set that somebody can own.</summary>
    public static FieldSet Owned(FieldSet fields) => fields.Difference(Nobodys);

    /// <summary>Whether nobody owns the member of a document, or of its metadata, that is called so.</summary>
    internal static bool IsNobodys(string name, bool ofMetadata = false) =>
        ofMetadata ? Nobodys.Child(Metadata)!.Has(PathElement.Field(name)) : name != "metadata" && Nobodys.Has(PathElement.Field(name));

    // Takes away what this manager had applied and wants no more, where nobody else owns it or anything in it.
    private static JsonObject Prune(JsonObject merged, ManagedEntry? last, ManagedFields granted, ApplyKind kind)
    {
        if (last is null || kind.Version(last.Manager.ApiVersion) is not { } version)
        {
            return merged;
        }
        if (
            granted
                .Entries.Select(e => e.Manager.ApiVersion)
                .Append(last.Manager.ApiVersion)
                .All(v => kind.Version(v) is null or { From: null })
        )
        {
            var owned = granted.Entries.Aggregate(new FieldSet(), (all, entry) => all.Union(entry.Fields));
            var gone = TypedFields
                .WithStructs(last.Fields, kind.Schema)
                .Difference(TypedFields.WithStructs(owned, kind.Schema))
                .Difference(Nobodys);
            return gone.IsEmpty ? merged : TypedMerge.Remove(merged, gone, kind.Schema);
        }

        // In several versions: what goes is found in the one that it was applied in, and what others own in theirs.
        var before = version.Of(merged);
        var lost = TypedFields.WithStructs(last.Fields, version.Schema).Difference(Nobodys);
        var pruned = version.Back(TypedMerge.Remove(before, lost, version.Schema));
        foreach (var group in granted.Entries.GroupBy(e => e.Manager.ApiVersion, StringComparer.Ordinal))
        {
            if (kind.Version(group.Key) is { } view)
            {
                var owned = group.Aggregate(new FieldSet(), (all, entry) => all.Union(entry.Fields));
                var (all, left) = (view.Of(merged), view.Of(pruned));
                var gone = Fields(all, view).Difference(Fields(left, view)).Difference(TypedFields.WithStructs(owned, view.Schema));
                pruned = view.Back(TypedMerge.Remove(all, gone, view.Schema));
            }
        }
        var result = Fields(before, version).Difference(Fields(version.Of(pruned), version)).Intersection(lost);
        return result.IsEmpty ? merged : version.Back(TypedMerge.Remove(before, result, version.Schema));

        static FieldSet Fields(JsonObject document, ApplyVersion version) =>
            TypedFields.WithStructs(TypedFields.SetOf(document, version.Schema), version.Schema);
    }

    private static FieldSet Build(params string[][] paths)
    {
        var set = new FieldSet();
        foreach (var path in paths)
        {
            set.Add([.. path.Select(PathElement.Field)]);
        }
        return set;
    }

    // What a write changes, as each version shows it.
    private sealed class Comparisons(
        JsonObject before,
        JsonObject after,
        ApplyKind kind,
        FieldSet reset,
        Func<string, bool>? isUnchanged = null
    )
    {
        private readonly Dictionary<string, FieldComparison?> _known = new(StringComparer.Ordinal);

        /// <summary>Null for a version that is no longer served.</summary>
        public FieldComparison? Of(string apiVersion)
        {
            var version = kind.Version(apiVersion);
            var name = version?.From is null ? kind.ApiVersion : apiVersion;
            if (version is null)
            {
                return null;
            }
            if (_known.TryGetValue(name, out var comparison))
            {
                return comparison;
            }
            // A conversion may move what is in one member to another.
            var skip = version.From is null ? isUnchanged : null;
            comparison = TypedComparison.Compare(version.Of(before), version.Of(after), version.Schema, skip);
            if (!reset.IsEmpty)
            {
                comparison = new(
                    comparison.Added.RecursiveDifference(reset),
                    comparison.Modified.RecursiveDifference(reset),
                    comparison.Removed.RecursiveDifference(reset)
                );
            }
            return _known[name] = comparison;
        }
    }
}
