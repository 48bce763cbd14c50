using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Requests;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Authorization;

/// <summary>The refusal of an unauthorized request, in upstream's words.</summary>
internal static class ForbiddenErrors
{
    public static StatusException Create(RequestInfo info, UserInfo user, string problems = "")
    {
        if (!info.IsResource)
        {
            return StatusErrors.Forbidden("", "", "", $"User \"{user.Name}\" cannot {info.Verb} path \"{info.Path}\"{problems}");
        }
        var resource = info.Subresource.Length == 0 ? info.Resource : $"{info.Resource}/{info.Subresource}";
        var scope =
            info.Namespace.Length == 0 || info.Resource == "namespaces" ? "at the cluster scope" : $"in the namespace \"{info.Namespace}\"";
        return StatusErrors.Forbidden(
            info.Group,
            info.Resource,
            info.AuthorizedName,
            $"User \"{user.Name}\" cannot {info.Verb} resource \"{resource}\" in API group \"{info.Group}\" {scope}{problems}"
        );
    }
}
