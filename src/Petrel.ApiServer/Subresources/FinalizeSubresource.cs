using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.ApiServer.Verbs;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Subresources;

/// <summary>
/// PUT of <c>namespaces/NAME/finalize</c>: sets the finalizers of the namespace's spec, which hold it until its content is gone.
/// </summary>
internal sealed class FinalizeSubresource(TimeProvider time, UpdateEngine engine) : IResourceHandler
{
    public static SubresourceDefinition Definition { get; } =
        new("finalize", ["update"]) { BelongsTo = static kind => ReferenceEquals(kind, NamespaceKind.Definition) };

    private static readonly UpdateScope Scope = UpdateScope.Part(
        static (result, changed) => result.Ensure("spec").CopyFrom(changed.Ensure("spec"), "finalizers")
    );

    /// <inheritdoc/>
    public async ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var call = WriteCall.Read(request.Http, "UpdateOptions", "finalize");
        var body = BodyDecoder.Decode(request.Http, request.Kind.Gvk, request.Kind.Schema).Document;
        MetadataRules.CheckPath(body, request.Kind, request.Key);
        var result = await engine.RunAsync(
            request.Kind,
            request.Key,
            Scope,
            call,
            current =>
            {
                current.Ensure("spec").CopyFrom(body.Ensure("spec"), "finalizers");
                if (body.Metadata().Text("resourceVersion").Length > 0)
                {
                    current.Metadata().CopyFrom(body.Metadata(), "resourceVersion");
                }
                if (body.Metadata().Text("uid").Length > 0)
                {
                    current.Metadata().CopyFrom(body.Metadata(), "uid");
                }
                return current;
            },
            cancellationToken
        );
        return ObjectResponses.Object(request, result, time.GetUtcNow());
    }
}
