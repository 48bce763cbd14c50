using System.Runtime.InteropServices;
using System.Text;
using Petrel.ApiServer.Dispatching;
using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Requests;
using Petrel.ApiServer.Responses;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Health;

/// <summary>
/// <c>/livez</c>, <c>/readyz</c> and <c>/healthz</c>, as a whole, with every check (<c>?verbose</c>), or one check by its path; and
/// <c>/version</c>.
/// </summary>
internal sealed class HealthPaths(IReadOnlyList<HealthCheck> live, IReadOnlyList<HealthCheck> ready) : IPathHandler
{
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
            return Version;
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

    /// <summary>The version that <c>/version</c> and nodes report.</summary>
    public static string GitVersion { get; } =
        $"{KubernetesRelease.Version}+petrel-{typeof(HealthPaths).Assembly.GetName().Version!.ToString(3)}";

    private static ApiResponse Version { get; } =
        new()
        {
            StatusCode = 200,
            Body = JsonBytes.Of(
                new System.Text.Json.Nodes.JsonObject
                {
                    ["major"] = "1",
                    ["minor"] = "35",
                    ["emulationMajor"] = "1",
                    ["emulationMinor"] = "35",
                    ["minCompatibilityMajor"] = "1",
                    ["minCompatibilityMinor"] = "34",
                    ["gitVersion"] = GitVersion,
                    ["gitCommit"] = "",
                    ["gitTreeState"] = "clean",
                    ["buildDate"] = "",
                    ["goVersion"] = "",
                    ["compiler"] = RuntimeInformation.FrameworkDescription,
                    ["platform"] = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "linux/arm64" : "linux/amd64",
                }
            ),
        };
}

/// <summary>One health check.</summary>
internal sealed record HealthCheck(string Name, Func<bool> IsHealthy);
