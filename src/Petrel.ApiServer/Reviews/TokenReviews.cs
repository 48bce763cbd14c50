using System.Text.Json.Nodes;
using Petrel.ApiServer.Authentication;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Reviews;

/// <summary>Authenticates a token for another server (authentication.k8s.io/v1 TokenReview).</summary>
internal sealed class TokenReviews(ApiServerOptions options, Authenticator authenticator) : IResourceHandler
{
    /// <inheritdoc/>
    public async ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var review = BodyDecoder.Decode(request.Http, request.Kind.Gvk, request.Kind.Schema).Document;
        var spec = review.Child("spec");
        if (spec.Text("token") is not { Length: > 0 } token)
        {
            throw StatusErrors.BadRequest("token is required for TokenReview in authentication");
        }
        IReadOnlyList<string> audiences = [.. spec.Texts("audiences")];
        var verdict = await authenticator.ReadAsync(token, audiences.Count > 0 ? audiences : options.ApiAudiences, cancellationToken);
        review.Metadata()["creationTimestamp"] = null;
        review["status"] = verdict.User is { } user
            ? new JsonObject
            {
                ["authenticated"] = true,
                ["user"] = UserDocuments.Of(user),
                ["audiences"] = new JsonArray([.. verdict.Audiences.Select(a => (JsonNode)a)]),
            }
            : new JsonObject { ["user"] = new JsonObject(), ["error"] = verdict.Message };
        return new ApiResponse { StatusCode = 201, Body = JsonBytes.Of(review) };
    }
}
