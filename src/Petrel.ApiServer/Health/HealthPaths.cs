using System.Text;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Health;

/// <summary>
/// <c>/livez</c>, <c>/readyz</c> and <c>/healthz</c>, as a whole, with every check (<c>?verbose</c>), or one check by its path; and
/// <c>/version</c>.
/// </summary>
internal sealed class HealthPaths(IReadOnlyList<HealthCheck> live, IReadOnlyList<HealthCheck> ready, string buildDate) : IPathHandler
{
    private readonly ApiResponse _version = VersionDocument.Create(buildDate);

    /// <inheritdoc/>
    public IEnumerable<string> Paths =>
        new[] { ("livez", live), ("readyz", ready), ("healthz", ready) }
            .SelectMany(p => p.Item2.Select(check => $"/{p.Item1}/{check.Name}").Prepend($"/{p.Item1}"))
            .Append("/version");

    /// <summary>Whether anybody may send a request, without authentication: a GET of one of these paths.</summary>
    public static bool IsOpen(ApiRequest request) => request.Method == "GET" && Has(request.Path);

    /// <inheritdoc/>
    public ApiResponse? Answer(ApiRequest request) => request.Method is "GET" or "HEAD" && Has(request.Path) ? Report(request) : null;

    private static bool Has(string path)
    {
        if (path is "/version" or "/version/")
        {
            return true;
        }
        if (!path.StartsWith('/'))
        {
            return false;
        }
        var end = path.IndexOf('/', 1);
        return (end < 0 ? path.AsSpan(1) : path.AsSpan(1, end - 1)) is "livez" or "readyz" or "healthz";
    }

    private ApiResponse Report(ApiRequest request)
    {
        if (request.Path.StartsWith("/version", StringComparison.Ordinal))
        {
            return _version;
        }
        var parts = request.Path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var checks = parts[0] == "livez" ? live : ready;
        if (parts.Length == 1)
        {
            return Report(parts[0], checks, request);
        }
        var named = checks.FirstOrDefault(c => c.Name == string.Join('/', parts[1..])) ?? throw StatusErrors.NoSuchResource();
        return Report($"{parts[0]}/{named.Name}", [named], request);
    }

    private static ApiResponse Report(string name, IReadOnlyList<HealthCheck> checks, ApiRequest request)
    {
        var excluded = request.Query.Where(q => q.Key == "exclude").Select(q => q.Value).ToArray();
        var text = new StringBuilder();
        var healthy = true;
        foreach (var check in checks)
        {
            var ok = excluded.Contains(check.Name) || check.IsHealthy();
            healthy &= ok;
            text.Append(ok ? "[+]" : "[-]").Append(check.Name).Append(ok ? " ok\n" : " failed: reason withheld\n");
        }
        if (!healthy)
        {
            return ObjectResponses.Text(500, $"{text}{name} check failed\n");
        }
        return ObjectResponses.Text(200, RequestInfo.IsTrue(request.QueryValue("verbose")) ? $"{text}{name} check passed\n" : "ok");
    }
}

/// <summary>One health check.</summary>
internal sealed record HealthCheck(string Name, Func<bool> IsHealthy);
