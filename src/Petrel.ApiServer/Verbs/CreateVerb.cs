using System.Text.Json.Nodes;
using Petrel.ApiServer.Admission;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Store;

namespace Petrel.ApiServer.Verbs;

/// <summary>POST of a new object.</summary>
internal sealed class CreateVerb(ServerParts parts, ServiceAllocations allocations)
{
    // Generated names rarely collide; upstream tries as often.
    private const int MaxAttempts = 8;

    public async ValueTask<ApiResponse> RunAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var options = WriteOptions.Read(request.Http, "CreateOptions");
        var (kind, key) = (request.Kind, request.Key);
        var body = BodyDecoder.Decode(request.Http, kind.Gvk, kind.Schema);
        MetadataRules.CheckPath(body.Document, kind, key);
        if (kind.Namespaced && key.Namespace.Length == 0)
        {
            throw StatusErrors.BadRequest("an empty namespace may not be set during creation");
        }
        if (body.Document.Metadata().Text("resourceVersion").Length > 0)
        {
            throw StatusErrors.BadRequest("resourceVersion should not be set on objects to be created");
        }
        var created = await CreateAsync(kind, key.Namespace, body.Document, options.DryRun, cancellationToken);
        return ObjectResponses.Object(request, created, parts.Time.GetUtcNow(), 201, body.Warnings);
    }

    /// <summary>Creates a conforming document, as if a client had sent it.</summary>
    public async ValueTask<WireObject> CreateAsync(
        KindDefinition kind, string namespaceName, JsonObject document, bool dryRun, CancellationToken cancellationToken)
    {
        var isService = kind.Gvk is { Group: "", Kind: "Service" };
        var generated = document.Metadata().Text("name").Length == 0;
        await NamespaceLifecycle.CheckCreateAsync(
            parts, kind, new(namespaceName, document.Metadata().Text("name")), cancellationToken);
        for (var attempt = 1; ; attempt++)
        {
            var candidate = attempt == 1 && !generated && !isService ? document : document.DeepClone().AsObject();
            Prepare(kind, namespaceName, candidate);
            var key = new ObjectKey(kind.Namespaced ? namespaceName : "", candidate.Metadata().Text("name"));
            // Validation needs the address, and an address only a valid Service.
            IReadOnlyList<StoreOperation> extra = isService ? await allocations.AllocateAsync(kind, key, candidate, null, cancellationToken) : [];
            Validate(kind, key, candidate);
            var stored = StoredDocument.Encode(candidate);
            var storeKey = kind.StoreKey(key);
            if (dryRun)
            {
                return await parts.Store.GetAsync(storeKey, cancellationToken) is null
                    ? new WireObject(kind, storeKey[kind.StorePrefix.Length..], stored, 0)
                    : throw StatusErrors.AlreadyExists(kind, key.Name);
            }
            var result = await parts.Store.CommitAsync([StoreOperation.Put(storeKey, stored, 0), .. extra], cancellationToken);
            if (result.Succeeded)
            {
                return new WireObject(kind, storeKey[kind.StorePrefix.Length..], stored, result.Revision);
            }
            if (result.FailedKey == storeKey ? !generated || attempt == MaxAttempts : attempt == MaxAttempts)
            {
                throw result.FailedKey == storeKey
                    ? StatusErrors.AlreadyExists(kind, key.Name)
                    : StatusErrors.InternalError($"no free value was found for {result.FailedKey} in {MaxAttempts} attempts");
            }
        }
    }

    private void Prepare(KindDefinition kind, string namespaceName, JsonObject document)
    {
        kind.Default(document);
        if (kind.Gvk is { Group: "", Kind: "Pod" })
        {
            PodAdmission.OnCreate(document, parts.Options);
        }
        MetadataRules.PrepareForCreate(document, kind, namespaceName, parts.WriteContext);
        kind.PrepareForCreate(document, parts.WriteContext);
    }

    private static void Validate(KindDefinition kind, ObjectKey key, JsonObject document)
    {
        var errors = new FieldErrors();
        MetadataValidation.Validate(document, kind, errors);
        kind.Validate(document, null, errors);
        if (errors.Any)
        {
            throw StatusErrors.Invalid(kind, key.Name, errors.All);
        }
    }
}
