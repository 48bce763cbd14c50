using Petrel.ApiServer.Kinds;

namespace Petrel.ApiServer.Objects;

/// <summary>What objects may be called (upstream: apimachinery validation). Answers what is wrong with a name, or null.</summary>
internal static class NameRules
{
    private const string SubdomainRule =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an " +
        "alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    private const string LabelRule =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric " +
        "character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

    private const string ServiceRule =
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an " +
        "alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

    public static string? Problem(KindDefinition kind, string name) => (kind.Gvk.Group, kind.Plural) switch
    {
        ("", "namespaces") => Label(name),
        ("", "services") => Service(name),
        // Their names hold colons.
        ("rbac.authorization.k8s.io", _) => PathSegment(name),
        _ => Subdomain(name),
    };

    public static string? Label(string name) => name.Length > 63 ? "must be no more than 63 characters" : IsLabel(name) ? null : LabelRule;

    public static string? Subdomain(string name) =>
        name.Length > 253 ? "must be no more than 253 characters" : name.Split('.').All(IsLabel) ? null : SubdomainRule;

    private static string? Service(string name) =>
        name.Length > 63 ? "must be no more than 63 characters" : IsLabel(name) && char.IsAsciiLetterLower(name[0]) ? null : ServiceRule;

    private static string? PathSegment(string name) => name switch
    {
        "." => "may not be '.'",
        ".." => "may not be '..'",
        _ when name.Contains('/', StringComparison.Ordinal) => "may not contain '/'",
        _ when name.Contains('%', StringComparison.Ordinal) => "may not contain '%'",
        _ => null,
    };

    private static bool IsLabel(string text) =>
        text.Length > 0 && text[0] != '-' && text[^1] != '-' && text.AsSpan().IndexOfAnyExcept(LabelCharacters) < 0;

    private static readonly System.Buffers.SearchValues<char> LabelCharacters =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
}
