using System.Text.Json.Nodes;
using Petrel.Model.Schema;

namespace Petrel.Model.Apply;

/// <summary>Fields that an apply would change and others own.</summary>
public sealed record FieldConflict(FieldManager Manager, FieldSet Fields);

/// <summary>What an apply comes to: the object, and who owns what then. With conflicts, neither is of use.</summary>
public sealed record ApplyResult(JsonObject Document, ManagedFields Managers, IReadOnlyList<FieldConflict> Conflicts);

/// <summary>
/// The rules of server-side apply: what writes and applies do to an object and to the ownership of its fields (structured-merge-diff's Updater, with
/// upstream's managedFields rules around it).
/// </summary>
public static class FieldOwnership
{
    private const int MaxUpdaters = 10;

    // What nobody owns: it identifies the object, or the server sets it.
    private static readonly FieldSet Nobodys = Build(
        ["apiVersion"], ["kind"], ["metadata", "name"], ["metadata", "namespace"], ["metadata", "creationTimestamp"], ["metadata", "selfLink"],
        ["metadata", "uid"], ["metadata", "clusterName"], ["metadata", "generation"], ["metadata", "managedFields"], ["metadata", "resourceVersion"],
        ["metadata", "deletionTimestamp"], ["metadata", "deletionGracePeriodSeconds"]);

    /// <summary>Who owns what after a write of a whole object: the writer owns what it changed, and what is gone is nobody's.</summary>
    public static ManagedFields Update(JsonObject before, JsonObject after, ManagedFields managers, FieldManager writer, SchemaType type, string now)
    {
        var comparison = TypedFields.Compare(before, after, type);
        var changed = Owned(comparison.Changed);
        if (changed.IsEmpty && comparison.Removed.IsEmpty)
        {
            return managers;
        }
        var result = managers.Without(changed.Union(comparison.Removed), writer, now);
        var own = result.FieldsOf(writer).Difference(comparison.Removed).Union(changed);
        return result.With(writer, own, now).Capped(MaxUpdaters);
    }

    /// <summary>Applies a configuration.</summary>
    /// <param name="live">The object as it is; empty when it is not there yet.</param>
    /// <param name="configuration">What the manager wants, and nothing else.</param>
    /// <param name="managers">Who owns what.</param>
    /// <param name="applier">The manager that applies.</param>
    /// <param name="type">The object's schema.</param>
    /// <param name="reset">Fields that this path cannot write (the status, or all but the status); what a configuration says of them counts for nothing.</param>
    /// <param name="force">Whether fields of others are taken from them.</param>
    /// <param name="yields">Fields that others would conflict about and that are taken without force.</param>
    /// <param name="now">The time of the change.</param>
    /// <exception cref="ApplyException">The configuration is not in its schema's form.</exception>
    public static ApplyResult Apply(
        JsonObject live, JsonObject configuration, ManagedFields managers, FieldManager applier, SchemaType type, FieldSet reset, bool force, FieldSet? yields, string now)
    {
        configuration = reset.IsEmpty ? configuration : TypedMerge.Remove(configuration, reset, type);
        var wanted = Owned(TypedFields.SetOf(configuration, type));
        var last = managers.FieldsOf(applier);
        var merged = TypedMerge.Merge(live, configuration, type);
        var granted = managers.With(applier, wanted, now);
        var pruned = Prune(merged, last, granted, type);
        var comparison = TypedFields.Compare(live, pruned, type);
        var changed = Owned(comparison.Changed);

        var conflicts = new List<FieldConflict>();
        foreach (var entry in granted.Entries.Where(e => !e.Manager.IsSame(applier)))
        {
            var taken = entry.Fields.Intersection(changed);
            if (!taken.IsEmpty)
            {
                conflicts.Add(new(entry.Manager, taken));
            }
        }
        if (conflicts.Count > 0 && !force && !(yields is not null && conflicts.All(c => c.Fields.Difference(yields).IsEmpty)))
        {
            return new(live, managers, conflicts);
        }
        return new(pruned, granted.Without(changed.Union(comparison.Removed), applier, now), []);
    }

    /// <summary>The fields of a set that somebody can own.</summary>
    public static FieldSet Owned(FieldSet fields)
    {
        var owned = fields.RecursiveDifference(Nobodys);
        // The metadata and the document themselves are nobody's either, whatever is below them.
        return owned.Difference(Roots);
    }

    private static readonly FieldSet Roots = Build([], ["metadata"]);

    // Takes away what this manager had applied and wants no more, where nobody else owns it or anything in it.
    private static JsonObject Prune(JsonObject merged, FieldSet last, ManagedFields granted, SchemaType type)
    {
        if (last.IsEmpty)
        {
            return merged;
        }
        var owned = granted.Entries.Aggregate(new FieldSet(), static (all, entry) => all.Union(entry.Fields)).WithNamedFields();
        var gone = last.WithNamedFields().Difference(owned).Difference(Roots);
        return gone.IsEmpty ? merged : TypedMerge.Remove(merged, gone, type);
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
}
