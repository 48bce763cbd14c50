namespace Petrel.Model.Api;

/// <summary>The bearer token of an Authorization header (RFC 6750).</summary>
public static class BearerToken
{
    /// <summary>The token, or empty. As upstream does, a header with another scheme counts as no header.</summary>
    public static string Read(string header) =>
        header.Trim().Split(' ', 3) is [var scheme, var token, ..] && scheme.Equals("bearer", StringComparison.OrdinalIgnoreCase)
            ? token
            : "";
}
