using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Requests;
using Petrel.Model;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Verbs;

/// <summary>When an object that is being deleted may be removed, and what else its removal commits.</summary>
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

    /// <summary>Whether a finalizer keeps it, or what else its kind waits for.</summary>
    public static bool IsHeld(KindDefinition kind, JsonObject document) =>
        document.Metadata().Texts("finalizers").Any() || kind.IsHeld(document);

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

    /// <summary>The operations that release what an allocator gave to a deleted object.</summary>
    public static ValueTask<IReadOnlyList<StoreOperation>> ReleasesAsync(
        AllocationContext allocation,
        KindDefinition kind,
        ObjectKey key,
        JsonObject document,
        CancellationToken cancellationToken
    ) =>
        kind.Allocator?.ReleaseAsync(allocation, key, document, cancellationToken)
        ?? ValueTask.FromResult<IReadOnlyList<StoreOperation>>([]);
}
