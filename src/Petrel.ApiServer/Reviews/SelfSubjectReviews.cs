using System.Text.Json.Nodes;
using Petrel.ApiServer.Authentication;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Reviews;

/// <summary>Answers who the caller is (authentication.k8s.io/v1 SelfSubjectReview): <c>kubectl auth whoami</c>.</summary>
internal sealed class SelfSubjectReviews(TimeProvider time) : IResourceHandler
{
    /// <inheritdoc/>
    public ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var review = BodyDecoder.Decode(request.Http, request.Kind.Gvk, request.Kind.Schema).Document;
        review.Remove("spec");
        review.Metadata()["creationTimestamp"] = time.GetUtcNow().ToTimestamp();
        review["status"] = new JsonObject { ["userInfo"] = UserDocuments.Of(request.Http.User) };
        return new(new ApiResponse { StatusCode = 201, Body = JsonBytes.Of(review) });
    }
}
