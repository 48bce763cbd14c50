using System.Text.Json.Nodes;
using Petrel.ApiServer.Admission;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.Model;
using Petrel.Model.Documents;
using Petrel.Model.Timing;
using Petrel.Store;

namespace Petrel.ApiServer.Verbs;

/// <summary>The object after its deletion, and whether it is removed.</summary>
internal sealed record DeleteResult(WireObject Object, string Uid, bool Gone);

/// <summary>
/// Deletes one object: at once, or after its finalizers and its graceful period (upstream: registry/generic Store.Delete).
/// </summary>
internal sealed class DeleteEngine(IRevisionedStore store, TimeProvider time, AllocationContext allocation, AdmissionChain admission)
{
    // A longer grace period than a hundred years counts as a hundred years, because times have an end.
    private const long MaxGraceSeconds = 100L * 365 * 24 * 3600;

    /// <param name="kind">The object's kind.</param>
    /// <param name="key">The object.</param>
    /// <param name="options">How to delete it.</param>
    /// <param name="call">Who deletes it.</param>
    /// <param name="cancellationToken">Ends the attempts.</param>
    /// <param name="before">
    /// A condition of the caller's own, called again for each attempt with the object, which it may change: it refuses by throwing, and
    /// what it returns is committed with the deletion.
    /// </param>
    public async ValueTask<DeleteResult> RunAsync(
        KindDefinition kind,
        ObjectKey key,
        DeleteOptions options,
        WriteCall call,
        CancellationToken cancellationToken,
        Func<JsonObject, ValueTask<IReadOnlyList<StoreOperation>>>? before = null
    )
    {
        var storeKey = kind.StoreKey(key);
        var path = storeKey[kind.StorePrefix.Length..];
        while (true)
        {
            call.BeginAttempt();
            var entry = await store.GetAsync(storeKey, cancellationToken) ?? throw StatusErrors.NotFound(kind, key.Name);
            if (StoredDocumentCheck.Problem(entry.Value.Span) is { } problem)
            {
                if (await RemoveBrokenAsync(kind, key, entry, options, problem, cancellationToken) is { } removed)
                {
                    return removed;
                }
                continue;
            }
            var document = StoredDocument.Decode(entry, kind);
            var uid = document.Metadata().Text("uid");
            CheckPreconditions(kind, key.Name, document, options);
            var old = document.DeepClone().AsObject();
            var request = new AdmissionRequest
            {
                Kind = kind,
                Key = key,
                Operation = AdmissionOperation.Delete,
                Call = call,
                Old = old,
                Deletion = options,
            };
            await admission.AdmitAsync(request, cancellationToken);
            await admission.ValidateAsync(request, cancellationToken);
            if (before is not null)
            {
                request.Commits.AddRange(await before(document));
            }
            Mark(kind, document, options);
            var gone = Deletion.IsComplete(kind, document);
            if (gone && old.Metadata()["deletionTimestamp"] is null)
            {
                // No client has seen it terminating: answer with its last state.
                document = old;
            }
            var stored = StoredDocument.Encode(document, kind);
            if (options.DryRun || (!gone && stored.Span.SequenceEqual(entry.Value.Span)))
            {
                return new(new WireObject(kind, path, StoredDocument.Encode(document), entry.ModRevision), uid, gone);
            }
            var operation = gone
                ? StoreOperation.Delete(storeKey, entry.ModRevision)
                : StoreOperation.Put(storeKey, stored, entry.ModRevision) with
                {
                    FreesSpace = true,
                };
            IReadOnlyList<StoreOperation> releases = gone
                ? await Deletion.ReleasesAsync(allocation, kind, key, old, cancellationToken)
                : [];
            var result = await store.CommitAsync([operation, .. releases, .. request.Commits], cancellationToken);
            if (result.Succeeded)
            {
                return new(new WireObject(kind, path, StoredDocument.Encode(document), result.Revision), uid, gone);
            }
        }
    }

    /// <summary>
    /// Removes an object that can't be read at once: nothing can be said of its finalizers and its grace. Null after a concurrent write.
    /// </summary>
    private async ValueTask<DeleteResult?> RemoveBrokenAsync(
        KindDefinition kind,
        ObjectKey key,
        StoreEntry entry,
        DeleteOptions options,
        string problem,
        CancellationToken cancellationToken
    )
    {
        if (options.PreconditionUid is { Length: > 0 })
        {
            throw StatusErrors.Unreadable(kind, key.Name, problem);
        }
        var shown = StoredDocument.Named(kind, key, entry.ModRevision);
        CheckPreconditions(kind, key.Name, shown, options);
        var revision = entry.ModRevision;
        if (!options.DryRun)
        {
            var result = await store.CommitAsync([StoreOperation.Delete(entry.Key, entry.ModRevision)], cancellationToken);
            if (!result.Succeeded)
            {
                return null;
            }
            revision = result.Revision;
        }
        return new(new WireObject(kind, entry.Key[kind.StorePrefix.Length..], StoredDocument.Encode(shown), revision), "", Gone: true);
    }

    /// <summary>
    /// Marks the object as terminating, with its deadline and finalizers. A second deletion can only shorten the deadline.
    /// </summary>
    private void Mark(KindDefinition kind, JsonObject document, DeleteOptions options)
    {
        Deletion.ApplyPropagation(document, options);
        var metadata = document.Metadata();
        if (metadata["deletionTimestamp"] is not null)
        {
            var current = metadata.Number("deletionGracePeriodSeconds") ?? 0;
            if (options.GracePeriodSeconds is { } shorter && shorter < current)
            {
                var due = DateTimeOffset.Parse(metadata.Text("deletionTimestamp")).AddSeconds(shorter - current);
                metadata["deletionTimestamp"] = due.ToTimestamp();
                metadata["deletionGracePeriodSeconds"] = shorter;
            }
            return;
        }
        var period = Math.Min(kind.GracePeriodSeconds(document, options.GracePeriodSeconds), MaxGraceSeconds);
        metadata["deletionTimestamp"] = time.GetUtcNow().After(period).ToTimestamp();
        metadata["deletionGracePeriodSeconds"] = period;
        if (metadata.Number("generation") is { } generation)
        {
            metadata["generation"] = generation + 1;
        }
        kind.OnDeletionStart(document);
    }

    private static void CheckPreconditions(KindDefinition kind, string name, JsonObject document, DeleteOptions options)
    {
        MetadataRules.CheckPreconditions(kind, name, document, options.PreconditionUid, null);
        var current = document.Metadata().Text("resourceVersion");
        if (options.PreconditionResourceVersion is { Length: > 0 } expected && expected != current)
        {
            throw StatusErrors.Conflict(
                kind,
                name,
                $"Precondition failed: ResourceVersion in precondition: {expected}, ResourceVersion in object meta: {current}"
            );
        }
    }
}
