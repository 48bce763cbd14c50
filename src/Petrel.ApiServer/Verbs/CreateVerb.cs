using System.Text.Json.Nodes;
using Petrel.ApiServer.Admission;
using Petrel.ApiServer.Apply;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using Petrel.Store;

namespace Petrel.ApiServer.Verbs;

/// <summary>POST of a new object.</summary>
internal sealed class CreateVerb(
    IRevisionedStore store,
    TimeProvider time,
    WriteContext context,
    FieldTracking tracking,
    AllocationContext allocation,
    AdmissionChain admission
)
{
    // Generated names rarely collide; upstream tries as often.
    private const int MaxAttempts = 8;

    public async ValueTask<ApiResponse> RunAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var call = WriteCall.Read(request.Http, "CreateOptions");
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
        call.BodyWarnings = body.Warnings;
        JsonObject? next = body.Document;
        try
        {
            var created = await CreateAsync(
                kind,
                key.Namespace,
                () => Interlocked.Exchange(ref next, null) ?? BodyDecoder.Decode(request.Http, kind.Gvk, kind.Schema).Document,
                call,
                cancellationToken
            );
            return ObjectResponses.Object(request, created, time.GetUtcNow(), 201, call.Warnings);
        }
        catch (StatusException e)
        {
            throw e.With(call.Warnings);
        }
    }

    /// <summary>Creates a conforming document, as if a client had sent it. The document is not changed.</summary>
    public ValueTask<WireObject> CreateAsync(
        KindDefinition kind,
        string namespaceName,
        JsonObject document,
        WriteCall call,
        CancellationToken cancellationToken
    ) => CreateAsync(kind, namespaceName, () => document.DeepClone().AsObject(), call, cancellationToken);

    // An attempt changes its document, and a failed one needs another: made anew, since hardly any attempt fails.
    private async ValueTask<WireObject> CreateAsync(
        KindDefinition kind,
        string namespaceName,
        Func<JsonObject> document,
        WriteCall call,
        CancellationToken cancellationToken
    )
    {
        for (var attempt = 1; ; attempt++)
        {
            call.BeginAttempt();
            var candidate = document();
            var generated = candidate.Metadata().Text("name").Length == 0;
            kind.Default(candidate);
            var managers = call.Applied is { } applied ? applied.ToJson() : tracking.OnCreate(kind, candidate, call);
            var request = Admission(kind, namespaceName, candidate, call);
            await admission.AdmitAsync(request, cancellationToken);
            MetadataRules.PrepareForCreate(candidate, kind, namespaceName, context);
            kind.PrepareForCreate(candidate, context);
            FieldTracking.Store(candidate, managers);
            var key = new ObjectKey(kind.Namespaced ? namespaceName : "", candidate.Metadata().Text("name"));
            // Before validation, which checks the allocated values too.
            IReadOnlyList<StoreOperation> extra = kind.Allocator is { } allocator
                ? await allocator.AllocateAsync(allocation, kind, key, candidate, null, cancellationToken)
                : [];
            Validate(kind, key, candidate);
            call.Warn(kind.Warnings(candidate, null));
            await admission.ValidateAsync(request, cancellationToken);
            var stored = StoredDocument.Encode(candidate, kind);
            var shown = kind.ToStorage is null ? stored : StoredDocument.Encode(candidate);
            var storeKey = kind.StoreKey(key);
            if (call.DryRun)
            {
                return await store.GetAsync(storeKey, cancellationToken) is null
                    ? new WireObject(kind, storeKey[kind.StorePrefix.Length..], shown, 0)
                    : throw StatusErrors.AlreadyExists(kind, key.Name);
            }
            var result = await store.CommitAsync(
                [StoreOperation.Put(storeKey, stored, 0), .. extra, .. request.Commits],
                cancellationToken
            );
            if (result.Succeeded)
            {
                return new WireObject(kind, storeKey[kind.StorePrefix.Length..], shown, result.Revision);
            }
            if (request.Commits.Any(c => c.Key == result.FailedKey))
            {
                // A concurrent write changed the quota. Retry without counting the attempt: each conflict means that another request
                // succeeded.
                attempt--;
            }
            else if (result.FailedKey == storeKey ? !generated || attempt == MaxAttempts : attempt == MaxAttempts)
            {
                throw result.FailedKey == storeKey
                    ? StatusErrors.AlreadyExists(kind, key.Name)
                    : StatusErrors.InternalError($"no free value was found for {result.FailedKey} in {MaxAttempts} attempts");
            }
        }
    }

    private static AdmissionRequest Admission(KindDefinition kind, string namespaceName, JsonObject candidate, WriteCall call) =>
        new()
        {
            Kind = kind,
            Key = new ObjectKey(kind.Namespaced ? namespaceName : "", candidate.Metadata().Text("name")),
            Operation = AdmissionOperation.Create,
            Call = call,
            Object = candidate,
        };

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
