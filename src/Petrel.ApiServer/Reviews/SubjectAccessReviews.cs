using System.Text.Json.Nodes;
using Petrel.ApiServer.Authorization;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Reviews;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Reviews;

/// <summary>Whose rights a review is about.</summary>
internal enum ReviewSubject
{
    /// <summary>The caller's.</summary>
    Caller,

    /// <summary>Those of the user and groups in the spec.</summary>
    Stated,
}

/// <summary>The namespaces that a review may ask about.</summary>
internal enum ReviewScope
{
    Cluster,

    /// <summary>The namespace of the request only.</summary>
    Namespace,
}

/// <summary>
/// Answers whether a user may do something (authorization.k8s.io/v1 SubjectAccessReview, SelfSubjectAccessReview and
/// LocalSubjectAccessReview): <c>kubectl auth can-i</c>.
/// </summary>
internal sealed class SubjectAccessReviews(ClusterAuthorizer authorizer, ReviewSubject subject, ReviewScope scope) : IResourceHandler
{
    /// <inheritdoc/>
    public async ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var review = BodyDecoder.Decode(request.Http, request.Kind.Gvk, request.Kind.Schema).Document;
        var spec = review.Ensure("spec");
        var user = subject == ReviewSubject.Caller ? request.Http.User : Subject(spec);
        var asked = Asked(spec, request);
        var allowed = await authorizer.IsAllowedAsync(
            asked,
            new ApiRequest
            {
                Method = "GET",
                Path = asked.Path,
                User = user,
            },
            cancellationToken
        );
        review["status"] = new JsonObject { ["allowed"] = allowed };
        if (!allowed && authorizer.Rbac.Problems(asked, user) is { Length: > 2 } problem)
        {
            review["status"]!["reason"] = problem[2..];
        }
        return new ApiResponse { StatusCode = 201, Body = JsonBytes.Of(review) };
    }

    private static UserInfo Subject(JsonObject spec)
    {
        var (name, groups) = (spec.Text("user"), spec.Texts("groups").ToList());
        return name.Length > 0 || groups.Count > 0
            ? new UserInfo(name, groups, spec.Text("uid"))
            : throw Invalid("spec.user", "at least one of user or group must be specified");
    }

    private RequestInfo Asked(JsonObject spec, ResourceRequest request)
    {
        var (resource, path) = (spec.Child("resourceAttributes"), spec.Child("nonResourceAttributes"));
        if ((resource is null) == (path is null))
        {
            throw Invalid(
                "spec.resourceAttributes",
                resource is null
                    ? "exactly one of nonResourceAttributes or resourceAttributes must be specified"
                    : "cannot be specified in combination with nonResourceAttributes"
            );
        }
        if (path is not null)
        {
            return scope == ReviewScope.Namespace
                ? throw Invalid("spec.nonResourceAttributes", "disallowed on this kind of request")
                : new RequestInfo(path.Text("path"), false, path.Text("verb").ToLowerInvariant());
        }
        if (scope == ReviewScope.Namespace && resource.Text("namespace") != request.Key.Namespace)
        {
            throw Invalid("spec.resourceAttributes.namespace", $"must match metadata.namespace: {request.Key.Namespace}");
        }
        return new RequestInfo(
            "",
            true,
            resource.Text("verb"),
            resource.Text("group"),
            resource.Text("version"),
            resource.Text("namespace"),
            resource.Text("resource"),
            resource.Text("name"),
            resource.Text("subresource")
        );
    }

    private static StatusException Invalid(string field, string why)
    {
        var errors = new FieldErrors();
        errors.Add("FieldValueInvalid", field, $"Invalid value: null: {why}");
        return StatusErrors.Invalid(ReviewKinds.SubjectAccess, "", errors.All);
    }
}
