using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Petrel.Model.Api;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Health;

/// <summary>What <c>/version</c> answers: the release of Kubernetes whose API is served, and the build that serves it.</summary>
internal static class VersionDocument
{
    /// <param name="buildDate">When the program was built, in RFC 3339.</param>
    public static ApiResponse Create(string buildDate)
    {
        var assembly = typeof(VersionDocument).Assembly;
        // The SDK appends the commit: 0.1.0+0123456789abcdef.
        var full = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";
        var plus = full.IndexOf('+', StringComparison.Ordinal);
        return new()
        {
            StatusCode = 200,
            Body = JsonBytes.Of(
                new JsonObject
                {
                    ["major"] = "1",
                    ["minor"] = "35",
                    ["emulationMajor"] = "1",
                    ["emulationMinor"] = "35",
                    ["minCompatibilityMajor"] = "1",
                    ["minCompatibilityMinor"] = "34",
                    ["gitVersion"] = $"{KubernetesRelease.Version}+petrel-{assembly.GetName().Version!.ToString(3)}",
                    ["gitCommit"] = plus < 0 ? "" : full[(plus + 1)..],
                    ["gitTreeState"] = plus < 0 ? "archive" : "clean",
                    ["buildDate"] = buildDate,
                    ["goVersion"] = "",
                    ["compiler"] = RuntimeInformation.FrameworkDescription,
                    ["platform"] = RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "linux/arm64" : "linux/amd64",
                }
            ),
        };
    }
}
