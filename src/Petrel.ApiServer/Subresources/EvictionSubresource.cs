using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.ApiServer.Verbs;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Subresources;

/// <summary>POST of <c>pods/NAME/eviction</c>: a graceful deletion, as <c>kubectl drain</c> asks for it.</summary>
internal sealed class EvictionSubresource(DeleteEngine engine)
{
    private static readonly GroupVersionKind EvictionKind = new("policy", "v1", "Eviction");

    public async ValueTask<ApiResponse> RunAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var call = WriteCall.Read(request.Http, "CreateOptions", "eviction");
        var eviction = BodyDecoder.Decode(request.Http, EvictionKind, KubernetesSchemas.ForKind(EvictionKind)!).Document;
        var name = eviction.Metadata().Text("name");
        if (name.Length > 0 && name != request.Key.Name)
        {
            throw StatusErrors.BadRequest("name in URL does not match name in Eviction object");
        }
        var options = eviction.Child("deleteOptions") is { } document ? DeleteOptions.FromDocument(document.DeepClone().AsObject()) : new DeleteOptions();
        if (call.DryRun)
        {
            options = options with { DryRun = true };
        }
        await engine.RunAsync(request.Kind, request.Key, options, call, cancellationToken);
        return ObjectResponses.Success(201);
    }
}
