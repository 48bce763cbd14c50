using Petrel.ApiServer.Authorization;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Authentication;

/// <summary>
/// Lets authorized callers act as other users (upstream: the impersonation filter). Users, service accounts, groups and extra values
/// each need the verb <c>impersonate</c>.
/// </summary>
internal sealed class Impersonator(ClusterAuthorizer authorizer)
{
    private const string Group = "authentication.k8s.io";

    /// <summary>The request as the impersonated user.</summary>
    /// <exception cref="StatusException">The caller may not.</exception>
    public async ValueTask<ApiRequest> ImpersonateAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        if (request.Impersonation is not { } wanted)
        {
            return request;
        }
        if (wanted.User.Length == 0)
        {
            throw StatusErrors.InternalError("requested " + Described(wanted) + " without impersonating a user");
        }
        foreach (var right in Rights(wanted))
        {
            if (!await authorizer.IsAllowedAsync(right, request, cancellationToken))
            {
                throw ForbiddenErrors.Create(right, request.User, authorizer.Rbac.Problems(right, request.User));
            }
        }
        return request with
        {
            Impersonation = null,
            User = new(wanted.User, GroupsOf(wanted), wanted.Uid) { Extra = wanted.Extra },
        };
    }

    private static IEnumerable<RequestInfo> Rights(Impersonation wanted)
    {
        static RequestInfo Right(string group, string resource, string name, string space = "", string subresource = "") =>
            new("", true, "impersonate", group, "v1", space, resource, name, subresource);

        yield return ServiceAccountNames.Account(wanted.User) is { } account
            ? Right("", "serviceaccounts", account.Name, account.Namespace)
            : Right("", "users", wanted.User);
        foreach (var group in wanted.Groups)
        {
            yield return Right("", "groups", group);
        }
        foreach (var (key, values) in wanted.Extra)
        {
            foreach (var value in values)
            {
                yield return Right(Group, "userextras", value, subresource: key);
            }
        }
        if (wanted.Uid.Length > 0)
        {
            yield return Right(Group, "uids", wanted.Uid);
        }
    }

    private static IReadOnlyList<string> GroupsOf(Impersonation wanted)
    {
        var groups = wanted.Groups.ToList();
        if (groups.Count == 0 && ServiceAccountNames.Account(wanted.User) is { } account)
        {
            groups.AddRange(ServiceAccountNames.Groups(account.Namespace));
        }
        var every = wanted.User == UserInfo.Anonymous.Name ? UserInfo.UnauthenticatedGroup : UserInfo.AuthenticatedGroup;
        if (!groups.Contains(UserInfo.AuthenticatedGroup) && !groups.Contains(UserInfo.UnauthenticatedGroup))
        {
            groups.Add(every);
        }
        return groups;
    }

    private static string Described(Impersonation wanted)
    {
        var parts = wanted.Groups.Select(g => $"group \"{g}\"").Concat(wanted.Extra.Select(e => $"extra \"{e.Key}\""));
        return string.Join(", ", wanted.Uid.Length > 0 ? parts.Append($"uid \"{wanted.Uid}\"") : parts);
    }
}
