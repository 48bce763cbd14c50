using System.Text.Json.Nodes;
using Petrel.ApiServer.Authentication;
using Petrel.ApiServer.Authorization;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.ApiServer.Kinds.Reviews;
using Petrel.ApiServer.Objects;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Reviews;

/// <summary>
/// Answers who the caller is and who may do what: <c>kubectl auth whoami</c> and <c>can-i</c>, and what asks on others' behalf.
/// </summary>
internal sealed class AccessReviews(ServerParts parts)
{
    /// <summary>Whether the kind is a question that is answered here.</summary>
    public static bool Answers(KindDefinition kind) =>
        kind == ReviewKinds.SelfSubject
        || kind == ReviewKinds.SubjectAccess
        || kind == ReviewKinds.SelfSubjectAccess
        || kind == ReviewKinds.SelfSubjectRules
        || kind == ReviewKinds.LocalSubjectAccess;

    public async ValueTask<ApiResponse> RunAsync(ResourceRequest request, CancellationToken cancellationToken)
    {
        var review = BodyDecoder.Decode(request.Http, request.Kind.Gvk, request.Kind.Schema).Document;
        var user = request.Http.User;
        var spec = review.Ensure("spec");
        if (request.Kind == ReviewKinds.SelfSubject)
        {
            review.Remove("spec");
            review.Metadata()["creationTimestamp"] = parts.Time.Timestamp();
            review["status"] = new JsonObject { ["userInfo"] = UserDocuments.Of(user) };
        }
        else if (request.Kind == ReviewKinds.SelfSubjectRules)
        {
            if (spec.Text("namespace").Length == 0)
            {
                throw StatusErrors.BadRequest("no namespace on request");
            }
            review["status"] = Rules(user, spec.Text("namespace"));
        }
        else
        {
            var subject = request.Kind == ReviewKinds.SelfSubjectAccess ? user : Subject(spec);
            var asked = Asked(spec, request);
            var allowed = await parts.Authorizer.IsAllowedAsync(
                asked,
                new ApiRequest
                {
                    Method = "GET",
                    Path = asked.Path,
                    User = subject,
                },
                cancellationToken
            );
            review["status"] = new JsonObject { ["allowed"] = allowed };
            if (!allowed && parts.Authorizer.Rbac.Problems(asked, subject) is { Length: > 2 } problem)
            {
                review["status"]!["reason"] = problem[2..];
            }
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

    private static RequestInfo Asked(JsonObject spec, ResourceRequest request)
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
            return request.Kind == ReviewKinds.LocalSubjectAccess
                ? throw Invalid("spec.nonResourceAttributes", "disallowed on this kind of request")
                : new RequestInfo(path.Text("path"), false, path.Text("verb").ToLowerInvariant());
        }
        if (request.Kind == ReviewKinds.LocalSubjectAccess && resource.Text("namespace") != request.Key.Namespace)
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

    private JsonObject Rules(UserInfo user, string namespaceName)
    {
        var resources = new JsonArray();
        var paths = new JsonArray();
        var rules = parts.Authorizer.Rbac.RulesOf(user, namespaceName).ToList();
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

    private static StatusException Invalid(string field, string why)
    {
        var errors = new FieldErrors();
        errors.Add("FieldValueInvalid", field, $"Invalid value: null: {why}");
        return StatusErrors.Invalid(ReviewKinds.SubjectAccess, "", errors.All);
    }
}
