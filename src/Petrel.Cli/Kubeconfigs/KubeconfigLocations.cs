using Petrel.LocalCluster;

namespace Petrel.Cli.Kubeconfigs;

/// <summary>The locations of the user's kubeconfig, as kubectl finds it (client-go's ClientConfigLoadingRules).</summary>
internal static class KubeconfigLocations
{
    /// <summary>All files that kubectl reads, whether they exist or not.</summary>
    public static IReadOnlyList<string> All()
    {
        var named = (Environment.GetEnvironmentVariable("KUBECONFIG") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries);
        if (named.Length > 0)
        {
            return [.. named.Distinct().Select(Path.GetFullPath)];
        }
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile, Environment.SpecialFolderOption.DoNotVerify);
        return home.Length > 0 ? [Path.Combine(home, ".kube", "config")] : [];
    }

    /// <summary>The file for new entries: the first file that exists, else the last one in the list.</summary>
    /// <exception cref="UserErrorException">The user has no home directory and has specified no file.</exception>
    public static string ForWriting()
    {
        var all = All();
        return all.FirstOrDefault(File.Exists)
            ?? (all.Count > 0 ? all[^1] : throw new UserErrorException("There is no home directory: name a file in $KUBECONFIG."));
    }
}
