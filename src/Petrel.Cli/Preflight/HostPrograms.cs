using Petrel.LocalCluster;

namespace Petrel.Cli.Preflight;

/// <summary>
/// The host programs, and the seccomp profile, that a cluster with containers needs. <c>./petrel up</c> installs them. This check covers a
/// program that is started without the launcher, and machines from which something was removed.
/// </summary>
internal static class HostPrograms
{
    // One of the programs in each row is enough. The package names are Debian's, as in tools/setup.
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

    private const string SeccompProfile = "/usr/share/containers/seccomp.json";

    /// <exception cref="UserErrorException">Some programs are missing. The message names their packages.</exception>
    public static void Require()
    {
        // Users' search paths often lack the folder of system programs.
        var searchPath = Environment.GetEnvironmentVariable("PATH") ?? "";
        Require([.. searchPath.Split(':', StringSplitOptions.RemoveEmptyEntries), "/usr/sbin"]);
    }

    internal static void Require(IReadOnlyList<string> folders)
    {
        var missing = Needed
            .Where(n => !n.Programs.Any(program => folders.Any(folder => File.Exists(Path.Combine(folder, program)))))
            .Select(n => n.Package)
            .Concat(File.Exists(SeccompProfile) ? [] : ["golang-github-containers-common"])
            .Distinct()
            .ToList();
        if (missing.Count > 0)
        {
            throw new UserErrorException($"Programs that run containers are missing. Run: apt-get install {string.Join(' ', missing)}");
        }
    }
}
