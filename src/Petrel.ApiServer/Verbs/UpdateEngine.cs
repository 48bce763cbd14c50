using System.Text.Json.Nodes;
using Petrel.ApiServer.Admission;
using Petrel.ApiServer.Apply;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.Model;
using Petrel.Model.Apply;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Verbs;

/// <summary>
/// Changes one object: reads it, applies a change, runs the rules of its kind, and commits on the condition that the object is unchanged.
/// After a concurrent write it starts over with the new object, and refuses then if the client named the resourceVersion it expects.
/// </summary>
internal sealed class UpdateEngine(
    IRevisionedStore store,
    WriteContext context,
    FieldTracking tracking,
    AllocationContext allocation,
    AdmissionChain admission
)
{
    /// <param name="kind">The object's kind.</param>
    /// <param name="key">The object.</param>
    /// <param name="scope">What the change may touch.</param>
    /// <param name="call">Who writes, and how.</param>
    /// <param name="change">
    /// The document as it should be, from a copy of the one that is, which it may change; called again for each attempt. A resourceVersion
    /// or uid in its metadata is a precondition.
    /// </param>
    /// <param name="cancellationToken">Ends the attempts.</param>
    public async ValueTask<WireObject> RunAsync(
        KindDefinition kind,
        ObjectKey key,
        UpdateScope scope,
        WriteCall call,
        Func<JsonObject, JsonObject> change,
        CancellationToken cancellationToken
    )
    {
        var storeKey = kind.StoreKey(key);
        while (true)
        {
            call.BeginAttempt();
            var entry = await store.GetAsync(storeKey, cancellationToken) ?? throw StatusErrors.NotFound(kind, key.Name);
            if (StoredDocumentCheck.Problem(entry.Value.Span) is { } problem)
            {
                throw StatusErrors.Unreadable(kind, key.Name, problem);
            }
            var old = StoredDocument.Decode(entry, kind);
            var changed = change(old.DeepClone().AsObject());
            MetadataRules.CheckPath(changed, kind, key);
            var metadata = changed.Metadata();
            MetadataRules.CheckPreconditions(kind, key.Name, old, metadata.Text("uid"), metadata.Text("resourceVersion"));
            var managers = ManagedFields.None;
            UnchangedMembers unchanged = default;
            if (scope != UpdateScope.Server)
            {
                var stated = metadata["managedFields"];
                changed = scope.Restrict(kind, changed, old);
                unchanged = new UnchangedMembers(kind, scope, call);
                if (!unchanged.HoldAllThatIsChecked)
                {
                    kind.Default(changed);
                }
                managers = call.Applied ?? tracking.OnUpdate(kind, old, changed, stated, call, unchanged.Fields);
            }
            var request = new AdmissionRequest
            {
                Kind = kind,
                Key = key,
                Operation = AdmissionOperation.Update,
                Call = call,
                Object = changed,
                Old = old,
            };
            if (scope != UpdateScope.Server)
            {
                await admission.AdmitAsync(request, cancellationToken);
                // Webhooks may have changed anything.
                unchanged = request.Webhooks is null ? unchanged : default;
                Prepare(kind, scope, changed, old, unchanged);
                FieldTracking.Store(changed, managers.ToJson());
            }
            IReadOnlyList<StoreOperation> extra =
                scope == UpdateScope.Object && kind.Allocator is { } allocator
                    ? await allocator.AllocateAsync(allocation, kind, key, changed, old, cancellationToken)
                    : [];
            if (scope != UpdateScope.Server)
            {
                Validate(kind, key, changed, old, unchanged);
                if (scope == UpdateScope.Object && !unchanged.HoldAllThatIsChecked)
                {
                    call.Warn(kind.Warnings(changed, old));
                }
                await admission.ValidateAsync(request, cancellationToken);
            }
            var stored = StoredDocument.Encode(changed, kind);
            if (scope != UpdateScope.Server && stored.Length == entry.Value.Length && !stored.Span.SequenceEqual(entry.Value.Span))
            {
                stored = WithoutNewTimes(kind, changed, old, unchanged, stored, entry);
            }
            if (call.DryRun || (stored.Span.SequenceEqual(entry.Value.Span) && !Deletion.IsComplete(kind, changed)))
            {
                return Shown(kind, storeKey, changed, stored, entry.ModRevision);
            }
            var operation = Deletion.IsComplete(kind, changed)
                ? StoreOperation.Delete(storeKey, entry.ModRevision)
                : StoreOperation.Put(storeKey, stored, entry.ModRevision) with
                {
                    // The steps of a deletion: finalizers, and the status of what ends.
                    FreesSpace = changed.Metadata()["deletionTimestamp"] is not null,
                };
            if (operation.Value is null)
            {
                extra = await Deletion.ReleasesAsync(allocation, kind, key, old, cancellationToken);
            }
            var result = await store.CommitAsync([operation, .. extra, .. request.Commits], cancellationToken);
            if (result.Succeeded)
            {
                return Shown(kind, storeKey, changed, stored, result.Revision);
            }
        }
    }

    private static WireObject Shown(
        KindDefinition kind,
        string storeKey,
        JsonObject document,
        ReadOnlyMemory<byte> stored,
        long revision
    ) => new(kind, storeKey[kind.StorePrefix.Length..], kind.ToStorage is null ? stored : StoredDocument.Encode(document), revision);

    // A write that would only change the times in managedFields changes nothing.
    private static ReadOnlyMemory<byte> WithoutNewTimes(
        KindDefinition kind,
        JsonObject changed,
        JsonObject old,
        UnchangedMembers unchanged,
        ReadOnlyMemory<byte> stored,
        StoreEntry entry
    )
    {
        if (
            changed.Any(member =>
                member.Key != "metadata" && !unchanged.Contains(member.Key) && !JsonEquality.DeepEquals(member.Value, old[member.Key])
            )
        )
        {
            // The common case: it saves encoding the document a second time.
            return stored;
        }
        var (managers, metadata) = (changed.Metadata()["managedFields"], changed.Metadata());
        metadata.Remove("managedFields");
        metadata.CopyFrom(old.Metadata(), "managedFields");
        var before = StoredDocument.Encode(changed, kind);
        if (before.Span.SequenceEqual(entry.Value.Span))
        {
            return before;
        }
        metadata.Remove("managedFields");
        if (managers is not null)
        {
            metadata["managedFields"] = managers;
        }
        return stored;
    }

    private void Prepare(KindDefinition kind, UpdateScope scope, JsonObject changed, JsonObject old, UnchangedMembers unchanged)
    {
        MetadataRules.PrepareForUpdate(changed, old, kind);
        if (scope == UpdateScope.Object)
        {
            kind.PrepareForUpdate(changed, old, context);
            MetadataRules.CountGeneration(changed, old, kind, unchanged.Contains);
        }
    }

    private static void Validate(KindDefinition kind, ObjectKey key, JsonObject changed, JsonObject old, UnchangedMembers unchanged)
    {
        var errors = new FieldErrors();
        MetadataChanges.Validate(changed, old, errors);
        MetadataValidation.Validate(changed, kind, errors);
        if (!unchanged.HoldAllThatIsChecked)
        {
            kind.Validate(changed, old, errors);
        }
        if (errors.Any)
        {
            throw StatusErrors.Invalid(kind, key.Name, errors.All);
        }
    }
}
