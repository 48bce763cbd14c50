using Petrel.ApiServer.Kinds.Syntax;

namespace Petrel.ApiServer.Kinds.Certificates;

/// <summary>The names of signers: a domain and a path, <c>example.com/signer</c>.</summary>
internal static class SignerName
{
    private const int MaxDomain = 253;
    private const int MaxLength = 571;

    public static void Validate(string name, string path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            errors.Required(path);
            return;
        }
        if (name.Split('/') is not [var domain, var rest])
        {
            errors.Invalid(path, name, "must be a fully qualified domain and path of the form 'example.com/signer-name'");
            return;
        }
        if (domain.Length > MaxDomain)
        {
            errors.TooLong(path, MaxDomain);
        }
        Labels(domain, NameSyntax.LabelProblem, path, errors);
        if (!domain.Contains('.', StringComparison.Ordinal))
        {
            errors.Invalid(path, domain, "should be a domain with at least two segments separated by dots");
        }
        Labels(rest, NameSyntax.SubdomainProblem, path, errors);
        if (name.Length > MaxLength)
        {
            errors.TooLong(path, MaxLength);
        }
    }

    // Report the first invalid one only.
    private static void Labels(string text, Func<string, string?> problemOf, string path, FieldErrors errors)
    {
        foreach (var label in text.Split('.'))
        {
            if (problemOf(label) is { } problem)
            {
                errors.Invalid(path, text, $"validating label \"{label}\": {problem}");
                return;
            }
        }
    }
}
