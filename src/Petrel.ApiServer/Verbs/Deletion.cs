using System.Text.Json.Nodes;
using Petrel.ApiServer.Admission;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.Model;
using Petrel.Store;

namespace Petrel.ApiServer.Verbs;

/// <summary>When an object that is being deleted may go, and what its deletion leaves to do first.</summary>
internal static class Deletion
{
    private const string ForegroundFinalizer = "foregroundDeletion";
    private const string OrphanFinalizer = "orphan";

    /// <summary>Whether nothing holds an object that is being deleted any more: no finalizer, and no graceful period.</summary>
    public static bool IsComplete(KindDefinition kind, JsonObject document)
    {
        var metadata = document.Metadata();
        return metadata["deletionTimestamp"] is not null
            && (metadata.Number("deletionGracePeriodSeconds") ?? 0) == 0
            && !IsHeld(kind, document);
    }

    /// <summary>Whether a finalizer holds it; a namespace is also held by those of its spec.</summary>
    public static bool IsHeld(KindDefinition kind, JsonObject document) =>
        document.Metadata().Texts("finalizers").Any()
        || (kind.Gvk is { Group: "", Kind: "Namespace" } && document.Child("spec").Texts("finalizers").Any());

    /// <summary>Adds and removes the garbage collector's finalizers as the propagation policy has it.</summary>
    public static void ApplyPropagation(JsonObject document, DeleteOptions options)
    {
        var policy = options.PropagationPolicy
            ?? options.OrphanDependents switch
            {
                true => "Orphan",
                false => "Background",
                null => null,
            };
        if (policy is null)
        {
            return;
        }
        var metadata = document.Metadata();
        var finalizers = metadata.Texts("finalizers").Where(f => f is not (ForegroundFinalizer or OrphanFinalizer)).ToList();
        if (policy == "Foreground")
        {
            finalizers.Add(ForegroundFinalizer);
        }
        else if (policy == "Orphan")
        {
            finalizers.Add(OrphanFinalizer);
        }
        if (finalizers.Count > 0)
        {
            metadata["finalizers"] = new JsonArray([.. finalizers.Select(f => (JsonNode)f)]);
        }
        else
        {
            metadata.Remove("finalizers");
        }
    }

    /// <summary>What a deleted object gives back in the same commit.</summary>
    public static ValueTask<IReadOnlyList<StoreOperation>> ReleasesAsync(
        ServerParts parts,
        KindDefinition kind,
        ObjectKey key,
        JsonObject document,
        CancellationToken cancellationToken
    ) =>
        kind.Gvk is { Group: "", Kind: "Service" }
            ? ServiceAllocations.ReleaseAsync(parts.Store, key, document, cancellationToken)
            : ValueTask.FromResult<IReadOnlyList<StoreOperation>>([]);
}
