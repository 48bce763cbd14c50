using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Subresources;

/// <summary>POST of <c>namespaces/NS/bindings</c>: a binding whose own name is that of the pod.</summary>
internal sealed class BindingCollection(BindingSubresource binding) : IVirtualResource
{
    /// <inheritdoc/>
    public bool Matches(RequestInfo info) => info is { Group: "", Version: "v1", Resource: "bindings", Name: "", Namespace.Length: > 0 };

    /// <inheritdoc/>
    public ValueTask<ApiResponse> HandleAsync(RequestInfo info, ApiRequest http, CancellationToken cancellationToken) =>
        info.Verb == "create"
            ? binding.BindAsync(http, info.Namespace, podName: "", cancellationToken)
            : throw StatusErrors.MethodNotAllowed();
}
