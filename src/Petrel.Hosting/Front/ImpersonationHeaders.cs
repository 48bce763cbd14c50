using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.Hosting.Front;

/// <summary>Reads the impersonation headers, with which a client acts as another user (<c>kubectl --as</c>).</summary>
internal static class ImpersonationHeaders
{
    private const string Prefix = "Impersonate-";
    private const string Extra = "Impersonate-Extra-";

    /// <summary>Reads the impersonated user; null when the request has no impersonation headers.</summary>
    public static Impersonation? Read(IHeaderDictionary headers)
    {
        if (!HasAny(headers))
        {
            return null;
        }
        var extra = headers
            .Where(h => h.Key.StartsWith(Extra, StringComparison.OrdinalIgnoreCase))
            .Select(h => KeyValuePair.Create(Uri.UnescapeDataString(h.Key[Extra.Length..]).ToLowerInvariant(), Texts(h.Value)))
            .OrderBy(h => h.Key, StringComparer.Ordinal)
            .ToList();
        var (user, groups, uid) = (
            headers["Impersonate-User"].ToString(),
            Texts(headers["Impersonate-Group"]),
            headers["Impersonate-Uid"].ToString()
        );
        return user.Length > 0 || groups.Count > 0 || uid.Length > 0 || extra.Count > 0 ? new(user, groups, uid, extra) : null;
    }

    // Most requests have no such headers, so check only the names first.
    private static bool HasAny(IHeaderDictionary headers)
    {
        foreach (var (name, _) in headers)
        {
            if (name.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }
        return false;
    }

    private static IReadOnlyList<string> Texts(StringValues values) => [.. values.OfType<string>()];
}
