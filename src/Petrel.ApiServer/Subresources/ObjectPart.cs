using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Verbs;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Subresources;

/// <summary>A subresource that shows the whole object and writes one part of it: its status, or its approval.</summary>
internal sealed class ObjectPart(UpdateScope scope, GetVerb get, UpdateVerb update, PatchVerb patch) : IResourceHandler
{
    /// <inheritdoc/>
    public ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken) =>
        request.Info.Verb switch
        {
            "get" => get.RunAsync(request, cancellationToken),
            "update" => update.RunAsync(request, scope, cancellationToken),
            "patch" => patch.RunAsync(request, scope, cancellationToken),
            _ => throw StatusErrors.MethodNotAllowed(),
        };
}
