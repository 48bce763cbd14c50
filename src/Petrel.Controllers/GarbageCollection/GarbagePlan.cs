using System.Collections.Immutable;
using Petrel.Client;
using Petrel.Controllers.StatefulSets;

namespace Petrel.Controllers.GarbageCollection;

/// <summary>What is known of an owner, after it was looked up where the reference says that it is.</summary>
public enum OwnerState
{
    /// <summary>It is there, and keeps its dependents alive.</summary>
    Solid,

    /// <summary>There is no such object, or another one under its name: it will never come back.</summary>
    Absent,

    /// <summary>It is being deleted in the foreground: it waits for its dependents to go.</summary>
    WaitsForDependents,
}

/// <summary>One owner of a document.</summary>
public sealed record OwnerStatus(OwnerLink Link, OwnerState State);

/// <summary>An object that names the document as its owner.</summary>
/// <param name="Uid">Its uid.</param>
/// <param name="Blocks">Whether its owner's deletion in the foreground waits for it.</param>
/// <param name="WaitsForDependents">Whether it is being deleted in the foreground itself.</param>
public sealed record DependentStatus(string Uid, bool Blocks, bool WaitsForDependents);

/// <summary>What to do about one object.</summary>
public abstract record GarbageAction
{
    private GarbageAction() { }

    /// <summary>Nothing: it is alive, or somebody else's turn.</summary>
    public sealed record Keep : GarbageAction;

    /// <summary>Delete it. Its references are first made not to block, when it is part of a circle that would wait for itself.</summary>
    public sealed record Delete(string PropagationPolicy, bool UnblockFirst = false) : GarbageAction;

    /// <summary>Remove the references to these owners, because others keep it alive.</summary>
    public sealed record RemoveOwners(ImmutableArray<string> OwnerUids) : GarbageAction;

    /// <summary>It waits for these dependents: have them looked at.</summary>
    public sealed record WaitForDependents(ImmutableArray<string> DependentUids) : GarbageAction;

    /// <summary>Remove the references to it from these dependents, then let it go.</summary>
    public sealed record Orphan(ImmutableArray<string> DependentUids) : GarbageAction;

    /// <summary>Nothing holds it any more but this finalizer: remove it.</summary>
    public sealed record RemoveFinalizer(string Finalizer) : GarbageAction;
}

/// <summary>The garbage collector's rules (upstream: attemptToDeleteItem and attemptToOrphan).</summary>
public static class GarbagePlan
{
    /// <summary>Holds an object until its blocking dependents are gone.</summary>
    public const string ForegroundFinalizer = "foregroundDeletion";

    /// <summary>Holds an object until its dependents do not name it any more.</summary>
    public const string OrphanFinalizer = "orphan";

    /// <param name="document">The object as it is now.</param>
    /// <param name="owners">Its owners, in any order; needed only while it is not being deleted.</param>
    /// <param name="dependents">The known objects that name it as owner.</param>
    public static GarbageAction Compute(
        ObjectMetadata document,
        IReadOnlyList<OwnerStatus> owners,
        IReadOnlyList<DependentStatus> dependents
    )
    {
        if (document.IsDeleting)
        {
            return WhenEnding(document, dependents);
        }
        var gone = owners
            .Where(o => o.State != OwnerState.Solid)
            .Select(o => o.Link.Uid)
            .Distinct(StringComparer.Ordinal)
            .ToImmutableArray();
        if (gone.IsEmpty)
        {
            return new GarbageAction.Keep();
        }
        if (owners.Any(o => o.State == OwnerState.Solid))
        {
            // Those that wait are named too: they would wait for ever for an object that stays.
            return new GarbageAction.RemoveOwners(gone);
        }
        if (owners.Any(o => o.State == OwnerState.WaitsForDependents) && dependents.Count > 0)
        {
            // A dependent that itself waits may wait for this object, around a circle of owners.
            return new GarbageAction.Delete("Foreground", UnblockFirst: dependents.Any(d => d.WaitsForDependents));
        }
        return new GarbageAction.Delete(
            document.Finalizers.Contains(OrphanFinalizer) ? "Orphan"
            : document.Finalizers.Contains(ForegroundFinalizer) ? "Foreground"
            : "Background"
        );
    }

    private static GarbageAction WhenEnding(ObjectMetadata document, IReadOnlyList<DependentStatus> dependents)
    {
        if (document.Finalizers.Contains(OrphanFinalizer))
        {
            return new GarbageAction.Orphan([.. dependents.Select(d => d.Uid)]);
        }
        if (document.Finalizers.Contains(ForegroundFinalizer))
        {
            return dependents.Any(d => d.Blocks)
                ? new GarbageAction.WaitForDependents([.. dependents.Where(d => d.Blocks && !d.WaitsForDependents).Select(d => d.Uid)])
                : new GarbageAction.RemoveFinalizer(ForegroundFinalizer);
        }
        return new GarbageAction.Keep();
    }

    /// <summary>Whether the object is being deleted in the foreground.</summary>
    public static bool WaitsForDependents(ObjectMetadata document) =>
        document.IsDeleting && document.Finalizers.Contains(ForegroundFinalizer);

    /// <summary>Whether the object is being deleted, and its dependents are to stay.</summary>
    public static bool OrphansDependents(ObjectMetadata document) => document.IsDeleting && document.Finalizers.Contains(OrphanFinalizer);
}
