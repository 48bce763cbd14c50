namespace Petrel.ApiServer.Kinds.Syntax;

/// <summary>
/// What names of different sorts may be, with upstream's explanations (apimachinery util/validation). Every method returns null for a good
/// one.
/// </summary>
public static class NameSyntax
{
    private const string LabelRule =
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
        + "alphanumeric character "
        + "(e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";

    private const string SubdomainRule =
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
        + "with an alphanumeric character "
        + "(e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    private const string WildcardRule =
        "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower "
        + "case alphanumeric characters, "
        + "'-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is "
        + "'\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

    private const string ServiceNameRule =
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and "
        + "end with an alphanumeric "
        + "character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

    private const string ConfigKeyRule =
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', "
        + "regex used for validation is '[-._a-zA-Z0-9]+')";

    private const string EnvironmentRule =
        "a valid environment variable name must consist only of printable ASCII characters other than '=' "
        + "(e.g. 'my-name',  or 'MY.NAME',  or 'MyName1', regex used for validation is '[ -<>-~]+')";

    /// <summary>A DNS label (RFC 1123): container, volume and namespace names.</summary>
    public static string? LabelProblem(string name) =>
        name.Length > 63 ? TooLong(63)
        : IsLabel(name) ? null
        : LabelRule;

    /// <summary>A DNS subdomain (RFC 1123): most objects' names.</summary>
    public static string? SubdomainProblem(string name) =>
        name.Length > 253 ? TooLong(253)
        : name.Length > 0 && name.Split('.').All(IsLabel) ? null
        : SubdomainRule;

    /// <summary>A DNS subdomain after <c>*.</c>: hosts of an Ingress.</summary>
    public static string? WildcardProblem(string name) =>
        name.Length > 253 ? TooLong(253)
        : name.StartsWith("*.", StringComparison.Ordinal) && SubdomainProblem(name[2..]) is null ? null
        : WildcardRule;

    /// <summary>A DNS label that starts with a letter (RFC 1035): Service names.</summary>
    public static string? ServiceNameProblem(string name) =>
        name.Length > 63 ? TooLong(63)
        : IsLabel(name) && char.IsAsciiLetterLower(name[0]) ? null
        : ServiceNameRule;

    /// <summary>Anything that can be one step of a path: names of roles and what they refer to.</summary>
    public static string? PathSegmentProblem(string name) =>
        name switch
        {
            "." => "may not be '.'",
            ".." => "may not be '..'",
            _ => name.Contains('/', StringComparison.Ordinal) ? "may not contain '/'"
            : name.Contains('%', StringComparison.Ordinal) ? "may not contain '%'"
            : null,
        };

    /// <summary>A key of a ConfigMap or Secret, which becomes a file name.</summary>
    public static string? ConfigKeyProblem(string key)
    {
        if (key.Length > 253)
        {
            return TooLong(253);
        }
        if (key.Length == 0 || !key.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            return ConfigKeyRule;
        }
        return key switch
        {
            "." => "must not be '.'",
            ".." => "must not be '..'",
            _ => key.StartsWith("..", StringComparison.Ordinal) ? "must not start with '..'" : null,
        };
    }

    public static string? EnvironmentNameProblem(string name) => name.All(c => c is >= ' ' and <= '~' and not '=') ? null : EnvironmentRule;

    /// <summary>A named port (IANA service name).</summary>
    public static IEnumerable<string> PortNameProblems(string name)
    {
        if (name.Length > 15)
        {
            yield return TooLong(15);
        }
        if (!name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
        {
            yield return "must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)";
        }
        if (!name.Any(char.IsAsciiLetterLower))
        {
            yield return "must contain at least one letter (a-z)";
        }
        if (name.Contains("--", StringComparison.Ordinal))
        {
            yield return "must not contain consecutive hyphens";
        }
        if (name.Length > 0 && (name[0] == '-' || name[^1] == '-'))
        {
            yield return "must not begin or end with a hyphen";
        }
    }

    public static string? PortProblem(long port) => port is >= 1 and <= 65535 ? null : "must be between 1 and 65535, inclusive";

    /// <summary>A percentage such as <c>25%</c>.</summary>
    public static string? PercentProblem(string text) =>
        text.Length > 1 && text[^1] == '%' && text[..^1].All(char.IsAsciiDigit)
            ? null
            : "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
                + "validation is '[0-9]+%')";

    private static string TooLong(int length) => $"must be no more than {length} bytes";

    private static bool IsLabel(string name) =>
        name.Length > 0
        && name[0] != '-'
        && name[^1] != '-'
        && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');
}
