using Petrel.LocalCluster;

namespace Petrel.Cli.Preflight;

/// <summary>
/// The programs of the host that a cluster with containers needs. <c>./petrel up</c> installs them; this is for a program that is started
/// without the launcher, and for machines that lost one.
/// </summary>
internal static class HostPrograms
{
    // Any of the programs will do; the package is Debian's. As in tools/setup.
    private static readonly (string[] Programs, string Package)[] Needed =
    [
        (["crun", "runc"], "crun"),
        (["conmon"], "conmon"),
        (["ip"], "iproute2"),
        (["nft"], "nftables"),
        (["unshare"], "util-linux"),
        (["nsenter"], "util-linux"),
        (["setsid"], "util-linux"),
    ];

    /// <exception cref="UserErrorException">Some are missing; the message names the packages.</exception>
    public static void Require() => Require(Environment.GetEnvironmentVariable("PATH") ?? "");

    internal static void Require(string searchPath)
    {
        var folders = searchPath.Split(':', StringSplitOptions.RemoveEmptyEntries).Append("/usr/sbin").ToList();
        var missing = Needed
            .Where(n => !n.Programs.Any(program => folders.Any(folder => File.Exists(Path.Combine(folder, program)))))
            .Select(n => n.Package)
            .Distinct()
            .ToList();
        if (missing.Count > 0)
        {
            throw new UserErrorException($"Programs that run containers are missing. Run: apt-get install {string.Join(' ', missing)}");
        }
    }
}
