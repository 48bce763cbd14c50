using System.Text.Json.Nodes;
using Petrel.ApiServer.Admission;
using Petrel.ApiServer.Apply;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.Model;
using Petrel.Model.Apply;
using Petrel.Store;

namespace Petrel.ApiServer.Verbs;

/// <summary>Which part of an object a write may change.</summary>
internal enum UpdateScope
{
    /// <summary>Everything but the status of kinds whose status is a subresource.</summary>
    Object,

    /// <summary>Only the status, and the annotations that tell of it.</summary>
    Status,

    /// <summary>Only the conditions, by which requests for certificates are approved or denied.</summary>
    Approval,

    /// <summary>Only the finalizers of a namespace's spec.</summary>
    Finalizers,

    /// <summary>Anything: the server's own changes (binding, deletion), which need no checking.</summary>
    Server,
}

/// <summary>
/// Changes one object: reads it, applies a change, runs the rules of its kind, and commits on the condition that nobody else changed it
/// meanwhile; when somebody did, it starts over, and finds out then whether the client insisted on the version that was changed.
/// </summary>
internal sealed class UpdateEngine(ServerParts parts, ServiceAllocations allocations, AdmissionChain admission)
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
            var entry = await parts.Store.GetAsync(storeKey, cancellationToken) ?? throw StatusErrors.NotFound(kind, key.Name);
            var old = StoredDocument.Decode(entry, kind);
            var changed = change(old.DeepClone().AsObject());
            MetadataRules.CheckPath(changed, kind, key);
            var metadata = changed.Metadata();
            MetadataRules.CheckPreconditions(kind, key.Name, old, metadata.Text("uid"), metadata.Text("resourceVersion"));
            var managers = ManagedFields.None;
            if (scope != UpdateScope.Server)
            {
                var stated = metadata["managedFields"];
                changed = Scoped(kind, scope, changed, old);
                kind.Default(changed);
                managers = call.Applied ?? FieldTracking.OnUpdate(parts, kind, old, changed, stated, call);
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
                Prepare(kind, scope, changed, old);
                FieldTracking.Store(changed, managers.ToJson());
            }
            IReadOnlyList<StoreOperation> extra =
                scope == UpdateScope.Object && kind.Gvk is { Group: "", Kind: "Service" }
                    ? await allocations.AllocateAsync(kind, key, changed, old, cancellationToken)
                    : [];
            if (scope != UpdateScope.Server)
            {
                Validate(kind, key, changed, old);
                await admission.ValidateAsync(request, cancellationToken);
            }
            var stored = StoredDocument.Encode(changed, kind);
            if (scope != UpdateScope.Server && stored.Length == entry.Value.Length && !stored.Span.SequenceEqual(entry.Value.Span))
            {
                stored = WithoutNewTimes(kind, changed, old, stored, entry);
            }
            if (call.DryRun || (stored.Span.SequenceEqual(entry.Value.Span) && !Deletion.IsComplete(kind, changed)))
            {
                return Shown(kind, storeKey, changed, stored, entry.ModRevision);
            }
            var operation = Deletion.IsComplete(kind, changed)
                ? StoreOperation.Delete(storeKey, entry.ModRevision)
                : StoreOperation.Put(storeKey, stored, entry.ModRevision);
            if (operation.Value is null)
            {
                extra = await Deletion.ReleasesAsync(parts, kind, key, old, cancellationToken);
            }
            var result = await parts.Store.CommitAsync([operation, .. extra, .. request.Commits], cancellationToken);
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

    // A write that changes nothing but when managers are said to have written changes nothing.
    private static ReadOnlyMemory<byte> WithoutNewTimes(
        KindDefinition kind,
        JsonObject changed,
        JsonObject old,
        ReadOnlyMemory<byte> stored,
        StoreEntry entry
    )
    {
        if (changed.Any(member => member.Key != "metadata" && !JsonNode.DeepEquals(member.Value, old[member.Key])))
        {
            // Mostly that is enough to know, and spares writing the whole once more.
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

    private static JsonObject Scoped(KindDefinition kind, UpdateScope scope, JsonObject changed, JsonObject old)
    {
        if (scope == UpdateScope.Object)
        {
            if (kind.HasStatus)
            {
                changed.CopyFrom(old, "status");
            }
            return changed;
        }
        var result = old.DeepClone().AsObject();
        if (scope == UpdateScope.Approval)
        {
            result.Ensure("status").CopyFrom(changed.Ensure("status"), "conditions");
            return result;
        }
        if (scope == UpdateScope.Finalizers)
        {
            result.Ensure("spec").CopyFrom(changed.Ensure("spec"), "finalizers");
            return result;
        }
        result.CopyFrom(changed, "status");
        // Upstream's status strategies keep spec and labels as they were, and let annotations through: controllers note their progress in
        // them.
        if (changed["metadata"] is JsonObject metadata)
        {
            result["metadata"]!.AsObject().CopyFrom(metadata, "annotations");
        }
        return result;
    }

    private void Prepare(KindDefinition kind, UpdateScope scope, JsonObject changed, JsonObject old)
    {
        MetadataRules.PrepareForUpdate(changed, old, kind);
        if (scope == UpdateScope.Object)
        {
            kind.PrepareForUpdate(changed, old, parts.WriteContext);
            MetadataRules.CountGeneration(changed, old, kind);
        }
    }

    private static void Validate(KindDefinition kind, ObjectKey key, JsonObject changed, JsonObject old)
    {
        var errors = new FieldErrors();
        MetadataChanges.Validate(changed, old, errors);
        MetadataValidation.Validate(changed, kind, errors);
        kind.Validate(changed, old, errors);
        if (errors.Any)
        {
            throw StatusErrors.Invalid(kind, key.Name, errors.All);
        }
    }
}
