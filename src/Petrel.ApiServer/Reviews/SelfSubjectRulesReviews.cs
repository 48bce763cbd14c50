using System.Text.Json.Nodes;
using Petrel.ApiServer.Authorization;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Reviews;

/// <summary>Answers what the caller may do in a namespace (authorization.k8s.io/v1): <c>kubectl auth can-i --list</c>.</summary>
internal sealed class SelfSubjectRulesReviews(ClusterAuthorizer authorizer) : IResourceHandler
{
    /// <inheritdoc/>
    public ValueTask<ApiResponse> HandleAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var review = BodyDecoder.Decode(request.Http, request.Kind.Gvk, request.Kind.Schema).Document;
        var namespaceName = review.Ensure("spec").Text("namespace");
        if (namespaceName.Length == 0)
        {
            throw StatusErrors.BadRequest("no namespace on request");
        }
        review["status"] = Rules(request.Http.User, namespaceName);
        return new(new ApiResponse { StatusCode = 201, Body = JsonBytes.Of(review) });
    }

    private JsonObject Rules(UserInfo user, string namespaceName)
    {
        var resources = new JsonArray();
        var paths = new JsonArray();
        var rules = authorizer.Rbac.RulesOf(user, namespaceName).ToList();
        if (user.Groups.Contains(UserInfo.MastersGroup))
        {
            rules.Insert(0, new PolicyRule(["*"], ["*"], ["*"], [], []));
            rules.Insert(1, new PolicyRule(["*"], [], [], [], ["*"]));
        }
        foreach (var rule in rules)
        {
            (rule.NonResourceUrls.Count > 0 ? paths : resources).Add((JsonNode)rule.ToDocument());
        }
        return new JsonObject
        {
            ["resourceRules"] = resources,
            ["nonResourceRules"] = paths,
            ["incomplete"] = false,
        };
    }
}
