using System.Collections.Immutable;
using Petrel.Client;
using Petrel.Workloads;

namespace Petrel.Controllers.GarbageCollection;

/// <summary>The state of an owner, after it was read where the reference says that it is.</summary>
public enum OwnerState
{
    /// <summary>It exists, and keeps its dependents alive.</summary>
    Solid,

    /// <summary>It does not exist, or another object has its name. It will never exist again.</summary>
    Absent,

    /// <summary>It is being deleted in the foreground, and waits for its dependents.</summary>
    WaitsForDependents,
}

/// <summary>One owner of an object.</summary>
public sealed record OwnerStatus(OwnerLink Link, OwnerState State);

/// <summary>An object that names another one as its owner.</summary>
/// <param name="Uid">Its uid.</param>
/// <param name="Blocks">Whether the foreground deletion of the owner waits for it.</param>
/// <param name="WaitsForDependents">Whether it is being deleted in the foreground itself.</param>
public sealed record DependentStatus(string Uid, bool Blocks, bool WaitsForDependents);

/// <summary>What to do about one object.</summary>
public abstract record GarbageAction
{
    private GarbageAction() { }

    /// <summary>Nothing: it is alive, or another object must be handled first.</summary>
    public sealed record Keep : GarbageAction;

    /// <summary>Delete it. If it is part of a cycle of owners that wait for each other, its references first stop blocking.</summary>
    public sealed record Delete(string PropagationPolicy, bool UnblockFirst = false) : GarbageAction;

    /// <summary>Remove the references to these owners. Other owners keep it alive.</summary>
    public sealed record RemoveOwners(ImmutableArray<string> OwnerUids) : GarbageAction;

    /// <summary>It waits for these dependents: check them.</summary>
    public sealed record WaitForDependents(ImmutableArray<string> DependentUids) : GarbageAction;

    /// <summary>Remove the references to it from these dependents, then its finalizer.</summary>
    public sealed record Orphan(ImmutableArray<string> DependentUids) : GarbageAction;

    /// <summary>Remove this finalizer: nothing else keeps the object.</summary>
    public sealed record RemoveFinalizer(string Finalizer) : GarbageAction;
}

/// <summary>The garbage collector's rules (upstream: attemptToDeleteItem and attemptToOrphan).</summary>
public static class GarbagePlan
{
    /// <summary>Keeps an object until its blocking dependents are gone.</summary>
    public const string ForegroundFinalizer = "foregroundDeletion";

    /// <summary>Keeps an object until no dependent names it.</summary>
    public const string OrphanFinalizer = "orphan";

    /// <param name="document">The live object.</param>
    /// <param name="owners">Its owners; only needed while it is not being deleted.</param>
    /// <param name="dependents">The known objects that name it as owner.</param>
    public static GarbageAction Compute(
        ObjectMetadata document,
        IReadOnlyList<OwnerStatus> owners,
        IReadOnlyList<DependentStatus> dependents
    )
    {
        if (document.IsDeleting)
        {
            return WhenDeleting(document, dependents);
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
            // Owners that wait for their dependents are included: they would wait for ever for this object.
            return new GarbageAction.RemoveOwners(gone);
        }
        if (owners.Any(o => o.State == OwnerState.WaitsForDependents) && dependents.Count > 0)
        {
            // A dependent that waits itself may wait for this object, in a cycle of owners.
            return new GarbageAction.Delete("Foreground", UnblockFirst: dependents.Any(d => d.WaitsForDependents));
        }
        return new GarbageAction.Delete(
            document.Finalizers.Contains(OrphanFinalizer) ? "Orphan"
            : document.Finalizers.Contains(ForegroundFinalizer) ? "Foreground"
            : "Background"
        );
    }

    private static GarbageAction WhenDeleting(ObjectMetadata document, IReadOnlyList<DependentStatus> dependents)
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

    /// <summary>Whether the object is being deleted, and its dependents stay.</summary>
    public static bool OrphansDependents(ObjectMetadata document) => document.IsDeleting && document.Finalizers.Contains(OrphanFinalizer);
}
