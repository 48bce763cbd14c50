using System.Runtime.CompilerServices;

namespace Petrel.EndToEnd.Tests;

/// <summary>
/// A test that runs containers: as root with the run-time packages, kubectl and the example images; skipped with the reason elsewhere.
/// </summary>
public sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
        : base(file, line)
    {
        Timeout = 300_000;
        Skip = Missing();
    }

    private static string? Missing()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return "needs root: it runs containers in network namespaces";
        }
        if (!File.Exists(TestCluster.KubectlPath))
        {
            return "needs kubectl: run 'tools/setup test'";
        }
        if (!Directory.Exists(Images.Folder))
        {
            return "needs the example images: run 'images/build artifacts/images'";
        }
        var tools = new[] { "conmon", "ip", "nft" }
            .Where(tool => !File.Exists($"/usr/bin/{tool}") && !File.Exists($"/usr/sbin/{tool}"))
            .ToList();
        return tools.Count == 0 ? null : $"needs {string.Join(", ", tools)}: run 'tools/setup run'";
    }
}

/// <summary>The example images as <c>images/build</c> made them.</summary>
public static class Images
{
    public static string Folder { get; } = Path.Combine(Shell.Root, "artifacts", "images");

    public static IReadOnlyList<string> Archives => Directory.GetFiles(Folder, "*.tar").Order(StringComparer.Ordinal).ToList();
}
