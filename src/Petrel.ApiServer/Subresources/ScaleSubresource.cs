using System.Text.Json.Nodes;
using Petrel.ApiServer.Apply;
using Petrel.ApiServer.Caching;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.ApiServer.Verbs;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using Petrel.Model.Schema;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Subresources;

/// <summary>The replica count of a workload alone, as autoscaling/v1 Scale: what <c>kubectl scale</c> and autoscalers change.</summary>
internal sealed class ScaleSubresource(
    KindRegistry kinds,
    CacheHub caches,
    TimeProvider time,
    ResourceVersionWait revisions,
    UpdateEngine engine
) : IResourceHandler
{
    private static readonly GroupVersionKind ScaleKind = new("autoscaling", "v1", "Scale");

    // The row of the subresource's own objects, which are not stored.
    private static readonly KindDefinition Row = KindDefinition.Create("autoscaling", "v1", "Scale", "scales", namespaced: true) with
    {
        Columns =
        [
            Columns.Name,
            Columns.Shown("Desired", "How many pods are wanted.", static o => o.Number("spec", "replicas"), "integer"),
            Columns.Shown("Available", "How many pods there are.", static o => o.Number("status", "replicas"), "integer"),
            Columns.Age,
        ],
    };

    public static SubresourceDefinition Definition { get; } =
        new("scale", ["get", "patch", "update"]) { BelongsTo = static kind => kind.Scale is not null, Kind = ScaleKind };

    /// <inheritdoc/>
    public async ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var schema = KubernetesSchemas.ForKind(ScaleKind)!;
        switch (request.Info.Verb)
        {
            case "get":
                await revisions.WaitAsync(null, cancellationToken);
                var found = caches.Of(request.Kind).Current.Find(request.PathPrefix + request.Key.Name)?.As(request.Kind)
                    ?? throw StatusErrors.NotFound(request.Kind, request.Key.Name);
                return Answer(request, found, []);
            case "update":
                var update = WriteCall.Read(request.Http, "UpdateOptions", "scale");
                var body = BodyDecoder.Decode(request.Http, ScaleKind, schema);
                update.BodyWarnings = body.Warnings;
                return Answer(request, await ScaleAsync(request, update, _ => body.Document, cancellationToken), update.Warnings);
            case "patch":
                var call = WriteCall.Read(request.Http, "PatchOptions", "scale");
                if (BodyDecoder.MediaType(request.Http.ContentType) == ApplyConfiguration.MediaType)
                {
                    return Answer(request, await ApplyAsync(request, schema, call, cancellationToken), call.Warnings);
                }
                var patch = ObjectPatch.Read(request.Http, request.Kind);
                var patched = await ScaleAsync(
                    request,
                    call,
                    scale => patch.Apply(scale, ScaleKind, schema, call.Validation).Document,
                    cancellationToken
                );
                return Answer(request, patched, call.Warnings);
            default:
                throw StatusErrors.MethodNotAllowed();
        }
    }

    private async ValueTask<WireObject> ApplyAsync(
        ResourceRequest request,
        SchemaType schema,
        WriteCall call,
        CancellationToken cancellationToken
    )
    {
        var scale = ApplyConfiguration.Read(request.Http, ScaleKind, schema, call);
        MetadataRules.CheckPath(scale.Document, request.Kind, request.Key);
        CheckReplicas(scale.Document, request.Key.Name);
        var configuration = scale.OfWorkload(request.Kind);
        return await engine.RunAsync(
            request.Kind,
            request.Key,
            UpdateScope.Object,
            call,
            workload =>
            {
                var result = configuration.Apply(kinds, time.GetUtcNow(), request.Kind, workload);
                call.Applied = result.Managers;
                return result.Document;
            },
            cancellationToken
        );
    }

    private static long CheckReplicas(JsonObject scale, string name)
    {
        var replicas = scale.Child("spec").Number("replicas") ?? 0;
        if (replicas >= 0)
        {
            return replicas;
        }
        var errors = new FieldErrors();
        errors.Invalid("spec.replicas", replicas, "must be greater than or equal to 0");
        throw StatusErrors.Invalid(ScaleKind, name, errors.All);
    }

    private ValueTask<WireObject> ScaleAsync(
        ResourceRequest request,
        WriteCall call,
        Func<JsonObject, JsonObject> change,
        CancellationToken cancellationToken
    ) =>
        engine.RunAsync(
            request.Kind,
            request.Key,
            UpdateScope.Object,
            call,
            workload =>
            {
                var scale = change(Of(request.Kind, workload));
                MetadataRules.CheckPath(scale, request.Kind, request.Key);
                var replicas = CheckReplicas(scale, request.Key.Name);
                var paths = request.Kind.Scale!.Replicas;
                paths.SkipLast(1).Aggregate(workload, static (parent, step) => parent.Ensure(step))[paths[^1]] = replicas;
                // The Scale's preconditions are the workload's.
                workload.Metadata().CopyFrom(scale.Metadata(), "resourceVersion");
                workload.Metadata().CopyFrom(scale.Metadata(), "uid");
                return workload;
            },
            cancellationToken
        );

    // In the form that the client asks for: kubectl get --subresource=scale asks for a table.
    private ApiResponse Answer(ResourceRequest request, WireObject workload, IReadOnlyList<string> warnings)
    {
        var scale = Of(request.Kind, DeepJson.Node(workload.ToArray())!.AsObject());
        var shown = new WireObject(Row, workload.Path, StoredDocument.Encode(scale), workload.Revision);
        return ObjectResponses.Object(new ResourceRequest(request.Http, request.Info, Row), shown, time.GetUtcNow(), warnings: warnings);
    }

    private static JsonObject Of(KindDefinition kind, JsonObject workload)
    {
        var metadata = new JsonObject();
        foreach (var name in (ReadOnlySpan<string>)["name", "namespace", "uid", "resourceVersion", "creationTimestamp"])
        {
            metadata.CopyFrom(workload.Metadata(), name);
        }
        var paths = kind.Scale!;
        JsonNode? At(IReadOnlyList<string> path) => path.Aggregate((JsonNode?)workload, static (node, step) => (node as JsonObject)?[step]);
        var selector = paths.Selector is { } path ? Selector(At(path)) : "";
        return new JsonObject
        {
            ["kind"] = ScaleKind.Kind,
            ["apiVersion"] = ScaleKind.ApiVersion,
            ["metadata"] = metadata,
            ["spec"] = new JsonObject { ["replicas"] = NodeFields.AsNumber(At(paths.Replicas)) ?? 0 },
            ["status"] = new JsonObject { ["replicas"] = NodeFields.AsNumber(At(paths.StatusReplicas)) ?? 0, ["selector"] = selector },
        };
    }

    // A label selector, or the plain map of labels that ReplicationControllers have, or its text, as custom resources keep it.
    private static string Selector(JsonNode? selector) =>
        selector switch
        {
            JsonObject map when !map.Has("matchLabels") && !map.Has("matchExpressions") => LabelSelector
                .FromLabels(map.Select(m => KeyValuePair.Create(m.Key, NodeFields.AsText(m.Value) ?? "")))
                .ToString(),
            JsonObject or null => LabelSelector.FromDocument(selector).ToString(),
            _ => NodeFields.AsText(selector) ?? "",
        };
}
