using System.Text.Json.Nodes;
using Petrel.ApiServer.Apply;
using Petrel.ApiServer.Authorization;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using Petrel.Model.Patches;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Verbs;

/// <summary>PATCH of an object, or of its status, by JSON merge patch, strategic merge patch, JSON patch or server-side apply.</summary>
internal sealed class PatchVerb(KindRegistry kinds, TimeProvider time, UpdateEngine engine, CreateVerb create, CreationRight creation)
{
    public async ValueTask<ApiResponse> RunAsync(ResourceRequest request, UpdateScope scope, CancellationToken cancellationToken)
    {
        var call = WriteCall.Read(request.Http, "PatchOptions", request.Info.Subresource);
        try
        {
            return BodyDecoder.MediaType(request.Http.ContentType) == ApplyConfiguration.MediaType
                ? await ApplyAsync(request, scope, call, cancellationToken)
                : await PatchAsync(request, scope, call, cancellationToken);
        }
        catch (StatusException e)
        {
            throw e.With(call.Warnings);
        }
    }

    private async ValueTask<ApiResponse> PatchAsync(
        ResourceRequest request,
        UpdateScope scope,
        WriteCall call,
        CancellationToken cancellationToken
    )
    {
        var patch = ObjectPatch.Read(request.Http, request.Kind);
        call.PatchedMembers = patch.Members;
        // What is stored conforms to its schema, unless that may change.
        Func<string, bool>? conforms =
            patch.Members is { } members && request.Kind is { IsCustom: false, FromStorage: null } ? name => !members.Contains(name) : null;
        var patched = await engine.RunAsync(
            request.Kind,
            request.Key,
            scope,
            call,
            current =>
            {
                var body = patch.Apply(current, request.Kind.Gvk, request.Kind.Schema, call.Validation, conforms);
                call.BodyWarnings = body.Warnings;
                return body.Document;
            },
            cancellationToken
        );
        return ObjectResponses.Object(request, patched, time.GetUtcNow(), 200, call.Warnings);
    }

    private async ValueTask<ApiResponse> ApplyAsync(
        ResourceRequest request,
        UpdateScope scope,
        WriteCall call,
        CancellationToken cancellationToken
    )
    {
        var (kind, key) = (request.Kind, request.Key);
        var configuration = ApplyConfiguration.Read(request.Http, kind.Gvk, kind.Schema, call);
        MetadataRules.CheckPath(configuration.Document, kind, key);
        while (true)
        {
            try
            {
                var applied = await engine.RunAsync(
                    kind,
                    key,
                    scope,
                    call,
                    current =>
                    {
                        var result = configuration.Apply(kinds, time.GetUtcNow(), kind, current);
                        call.Applied = result.Managers;
                        return result.Document;
                    },
                    cancellationToken
                );
                return ObjectResponses.Object(request, applied, time.GetUtcNow(), 200, call.Warnings);
            }
            catch (StatusException e) when (e.Reason == "NotFound" && scope == UpdateScope.Object && e.Details.Text("name") == key.Name)
            {
                if (configuration.Document.Metadata().Text("uid") is { Length: > 0 } uid)
                {
                    throw StatusErrors.Conflict(
                        kind,
                        key.Name,
                        $"uid mismatch: the provided object specified uid {uid}, and no existing object was found"
                    );
                }
                await creation.CheckAsync(request, cancellationToken);
            }
            try
            {
                var result = configuration.Create(kinds, time.GetUtcNow(), kind);
                var document = result.Document;
                document.Metadata()["name"] = key.Name;
                call.Applied = result.Managers;
                var created = await create.CreateAsync(kind, key.Namespace, document, call, cancellationToken);
                return ObjectResponses.Object(request, created, time.GetUtcNow(), 201, call.Warnings);
            }
            catch (StatusException e) when (e.Reason == "AlreadyExists")
            {
                // A concurrent request created it: apply to what it created.
            }
        }
    }
}

/// <summary>A patch that was read from a request and can be applied to any version of its object.</summary>
internal sealed class ObjectPatch
{
    private const string JsonPatchType = "application/json-patch+json";
    private const string MergePatchType = "application/merge-patch+json";
    private const string StrategicPatchType = "application/strategic-merge-patch+json";

    private static readonly string[] Accepted = [JsonPatchType, MergePatchType, StrategicPatchType, ApplyConfiguration.MediaType];

    private readonly string _type;
    private readonly ReadOnlyMemory<byte> _body;
    private readonly IReadOnlyList<string> _problems;

    // An application of the patch may take parts of it. It is parsed again for a second attempt, which is rare.
    private JsonNode? _unused;

    private ObjectPatch(string type, ReadOnlyMemory<byte> body, JsonNode patch, IReadOnlyList<string> problems)
    {
        (_type, _body, _unused, _problems) = (type, body, patch, problems);
        Members =
            _type != JsonPatchType && patch is JsonObject members && !members.Any(member => member.Key.StartsWith('$'))
                ? members.Select(member => member.Key).ToHashSet(StringComparer.Ordinal)
                : null;
    }

    public static ObjectPatch Read(ApiRequest request, KindDefinition kind)
    {
        // Strategic merge needs merge keys, which custom schemas do not have.
        var accepted = kind.IsCustom ? Accepted.Where(a => a != StrategicPatchType).ToArray() : Accepted;
        var type = BodyDecoder.MediaType(request.ContentType);
        if (RequestInfo.IsTrue(request.QueryValue("force")) && type != ApplyConfiguration.MediaType)
        {
            var errors = new FieldErrors();
            errors.Forbidden("force", "may not be specified for non-apply patch");
            throw StatusErrors.Invalid(new GroupVersionKind("meta.k8s.io", "v1", "PatchOptions"), "", errors.All);
        }
        if (!accepted.Contains(type) || type == ApplyConfiguration.MediaType)
        {
            throw StatusErrors.UnsupportedMediaType(accepted);
        }
        try
        {
            if (type == JsonPatchType)
            {
                return DocumentParser.ParseValue(request.Body.Span) is JsonArray operations
                    ? new(type, request.Body, operations, [])
                    : throw StatusErrors.BadRequest("error decoding patch: a JSON patch is an array of operations");
            }
            var (document, problems) = DocumentParser.Parse(request.Body.Span);
            return new(type, request.Body, document, problems);
        }
        catch (Exception e) when (e is FormatException or System.Text.Json.JsonException)
        {
            throw StatusErrors.BadRequest($"error decoding patch: {e.Message}");
        }
    }

    /// <summary>The top-level members that the patch may change; null when it does not tell by their names.</summary>
    public IReadOnlySet<string>? Members { get; }

    /// <summary>
    /// The patched document, held against its schema but for the members that <paramref name="conforms"/> names. It is made out of the
    /// current one, which is not usable afterwards.
    /// </summary>
    public DecodedBody Apply(
        JsonObject current,
        GroupVersionKind kind,
        SchemaType schema,
        FieldValidation validation,
        Func<string, bool>? conforms = null
    )
    {
        JsonNode? result;
        try
        {
            result = _type switch
            {
                JsonPatchType => JsonPatch.Apply(current, TakePatch().AsArray()),
                MergePatchType => JsonMergePatch.Merge(current, TakePatch()),
                _ => StrategicMergePatch.Merge(current, TakePatch().AsObject(), schema),
            };
        }
        catch (PatchException e) when (_type == JsonPatchType)
        {
            throw StatusErrors.PatchDoesNotApply(e.Message);
        }
        catch (PatchException e)
        {
            throw StatusErrors.BadRequest(e.Message);
        }
        if (result is not JsonObject document)
        {
            throw StatusErrors.PatchDoesNotApply("the patch leaves no object");
        }
        if (_type == StrategicPatchType)
        {
            // Upstream merges into a typed object, where the patch cannot change the type: clients send the parent's kind when they
            // patch a scale.
            (document["apiVersion"], document["kind"]) = (kind.ApiVersion, kind.Kind);
        }
        var (apiVersion, name) = (document.Text("apiVersion"), document.Text("kind"));
        if (apiVersion != kind.ApiVersion || name != kind.Kind)
        {
            throw StatusErrors.BadRequest(
                $"a patch may not change apiVersion and kind from {kind.ApiVersion} {kind.Kind} to {apiVersion} {name}"
            );
        }
        return BodyDecoder.Conform(document, _problems, kind, schema, validation, conforms);
    }

    private JsonNode TakePatch() => Interlocked.Exchange(ref _unused, null) ?? DocumentParser.ParseValue(_body.Span)!;
}
