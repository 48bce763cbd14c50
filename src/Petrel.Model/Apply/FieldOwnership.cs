using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Apply;

/// <summary>Fields that an apply would change and that another manager owns.</summary>
public sealed record FieldConflict(FieldManager Manager, FieldSet Fields);

/// <summary>The result of an apply: the object and its field managers. With conflicts, neither is valid.</summary>
public sealed record ApplyResult(JsonObject Document, ManagedFields Managers, IReadOnlyList<FieldConflict> Conflicts);

/// <summary>
/// The rules of server-side apply: how updates and applies change an object and the ownership of its fields (structured-merge-diff's
/// Updater, with upstream's managedFields rules around it).
/// </summary>
public static class FieldOwnership
{
    private const int MaxUpdaters = 10;
    private const string Metadata = "f:metadata";

    // Fields that no manager owns, because they identify the object or because the server sets them.
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

    /// <summary>
    /// Computes the field ownership after a write of a whole object. The writer owns the fields that it changed, and removed fields have no
    /// owner.
    /// </summary>
    /// <param name="before">The object before the write; empty when it is created.</param>
    /// <param name="after">The object after the write.</param>
    /// <param name="managers">The field managers before the change.</param>
    /// <param name="writer">The manager that writes the object.</param>
    /// <param name="kind">The object's kind.</param>
    /// <param name="reset">Fields that this path cannot write.</param>
    /// <param name="now">The time of the change.</param>
    /// <param name="unchanged">The fields that are known to be unchanged, so that they need not be compared; null when none is.</param>
    public static ManagedFields Update(
        JsonObject before,
        JsonObject after,
        ManagedFields managers,
        FieldManager writer,
        ApplyKind kind,
        FieldSet reset,
        string now,
        UnchangedFields? unchanged = null
    )
    {
        var comparisons = new Comparisons(before, after, kind, reset, unchanged);
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

    /// <summary>Applies a configuration to an object, and computes the field ownership and the conflicts.</summary>
    /// <param name="live">The stored object; empty when it does not exist yet.</param>
    /// <param name="configuration">The fields that the manager applies, and no others.</param>
    /// <param name="managers">The field managers before the change.</param>
    /// <param name="applier">The manager that applies.</param>
    /// <param name="kind">The object's kind.</param>
    /// <param name="reset">Fields that this path cannot write (the status, or all but the status). If the configuration sets them, that has
    /// no effect on ownership or conflicts.</param>
    /// <param name="force">Whether to take ownership of conflicting fields from other managers.</param>
    /// <param name="now">The time of the change.</param>
    /// <exception cref="ApplyException">The configuration does not match its schema.</exception>
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
                // The API version of this entry is no longer served. Its fields cannot be compared, so drop them.
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
        // The time of an entry is that of the manager's last change, either to the object or to the fields that it owns.
        var isSame = last is not null && last.Manager == applier && last.Fields.SetEquals(owned) && JsonNode.DeepEquals(live, pruned);
        return new(pruned, result.With(applier, owned, isSame ? last!.Time : now), []);
    }

    /// <summary>The fields of a set without those that no manager can own.</summary>
    public static FieldSet Owned(FieldSet fields) => fields.Difference(Nobodys);

    /// <summary>Whether no manager owns the member with this name, at the top level of a document or in its metadata.</summary>
    internal static bool IsNobodys(string name, bool ofMetadata = false) =>
        ofMetadata ? Nobodys.Child(Metadata)!.Has(PathElement.Field(name)) : name != "metadata" && Nobodys.Has(PathElement.Field(name));

    // Removes the fields that this manager applied before and no longer applies. Keeps a field when a manager still owns it or a field
    // below it.
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

        // The managers use several versions. Find the fields to remove in the version in which this manager last applied. Find the fields
        // to keep in the version of each manager that owns them.
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

    // Compares the object before and after a write, in each version that a manager uses.
    private sealed class Comparisons(JsonObject before, JsonObject after, ApplyKind kind, FieldSet reset, UnchangedFields? unchanged = null)
    {
        private readonly Dictionary<string, FieldComparison?> _known = new(StringComparer.Ordinal);

        /// <summary>The comparison in this version; null for a version that is no longer served.</summary>
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
            // A conversion may move data between members, so unchanged members can be skipped only without one.
            var skip = version.From is null ? unchanged : null;
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
