using Petrel.Model;

namespace Petrel.ApiServer.Authentication;

/// <summary>Service accounts as users (upstream: apiserver's serviceaccount package).</summary>
internal static class ServiceAccountNames
{
    public const string UserPrefix = "system:serviceaccount:";

    private const string AllAccounts = "system:serviceaccounts";

    public static string User(ObjectKey account) => $"{UserPrefix}{account.Namespace}:{account.Name}";

    /// <summary>The groups that all accounts of the namespace are in.</summary>
    public static IReadOnlyList<string> Groups(string namespaceName) => [AllAccounts, $"{AllAccounts}:{namespaceName}"];

    /// <summary>The account that a user's name means, or null.</summary>
    public static ObjectKey? Account(string user)
    {
        var parts = user.StartsWith(UserPrefix, StringComparison.Ordinal) ? user[UserPrefix.Length..].Split(':') : [];
        return parts is [{ Length: > 0 } space, { Length: > 0 } name] ? new(space, name) : null;
    }
}
