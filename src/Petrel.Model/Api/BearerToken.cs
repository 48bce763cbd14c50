namespace Petrel.Model.Api;

/// <summary>The bearer token of an Authorization header (RFC 6750).</summary>
public static class BearerToken
{
    /// <summary>Returns the token, or empty. As upstream, a header with another scheme is treated as absent.</summary>
    public static string Read(string header) =>
        header.Trim().Split(' ', 3) is [var scheme, var token, ..] && scheme.Equals("bearer", StringComparison.OrdinalIgnoreCase)
            ? token
            : "";
}
