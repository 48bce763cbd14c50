using System.Text.Json.Nodes;
using Petrel.ApiServer.Authorization;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Verbs;

/// <summary>PUT of an object, or of its status.</summary>
internal sealed class UpdateVerb(TimeProvider time, UpdateEngine engine, CreateVerb create, CreationRight creation)
{
    public async ValueTask<ApiResponse> RunAsync(ResourceRequest request, UpdateScope scope, CancellationToken cancellationToken)
    {
        var call = WriteCall.Read(request.Http, "UpdateOptions", request.Info.Subresource);
        var body = BodyDecoder.Decode(request.Http, request.Kind.Gvk, request.Kind.Schema);
        JsonObject? unused = body.Document;
        JsonObject Stated()
        {
            // An attempt changes the document. Decode the body again for a second attempt, which is rare.
            var stated = unused ?? BodyDecoder.Decode(request.Http, request.Kind.Gvk, request.Kind.Schema).Document;
            unused = null;
            return stated;
        }
        call.BodyWarnings = body.Warnings;
        if (body.Document.Metadata().Text("name").Length == 0)
        {
            throw StatusErrors.BadRequest("name must be provided");
        }
        MetadataRules.CheckPath(body.Document, request.Kind, request.Key);
        var hasRevision = body.Document.Metadata().Text("resourceVersion").Length > 0;
        try
        {
            var updated = await engine.RunAsync(request.Kind, request.Key, scope, call, _ => Stated(), cancellationToken);
            return ObjectResponses.Object(request, updated, time.GetUtcNow(), 200, call.Warnings);
        }
        catch (StatusException e)
            when (e.Reason == "NotFound" && scope == UpdateScope.Object && request.Kind.IsCreatedByUpdate && !hasRevision)
        {
            await creation.CheckAsync(request, cancellationToken);
            var created = await create.CreateAsync(request.Kind, request.Key.Namespace, Stated(), call, cancellationToken);
            return ObjectResponses.Object(request, created, time.GetUtcNow(), 201, call.Warnings);
        }
        catch (StatusException e)
        {
            throw e.With(call.Warnings);
        }
    }
}
