using System.Runtime.CompilerServices;

namespace Petrel.LocalCluster.Tests;

/// <summary>
/// A test that makes network namespaces: it runs as root where <c>ip</c> and <c>nft</c> are installed, and is skipped with the reason
/// elsewhere.
/// </summary>
public sealed class NamespaceFactAttribute : FactAttribute
{
    public NamespaceFactAttribute([CallerFilePath] string? file = null, [CallerLineNumber] int line = 0)
        : base(file, line)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Skip = "needs root: it makes network namespaces";
        }
        else if (!new[] { "ip", "nft" }.All(tool => File.Exists($"/usr/sbin/{tool}") || File.Exists($"/usr/bin/{tool}")))
        {
            Skip = "needs the Debian packages iproute2 and nftables";
        }
    }
}
