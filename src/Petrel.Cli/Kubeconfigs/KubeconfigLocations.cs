using Petrel.LocalCluster;

namespace Petrel.Cli.Kubeconfigs;

/// <summary>Where kubectl keeps the user's own kubeconfig (client-go's ClientConfigLoadingRules).</summary>
internal static class KubeconfigLocations
{
    /// <summary>Every file that kubectl reads, whether it exists or not.</summary>
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

    /// <summary>The file that new entries go into: the first that exists, else the last that is named.</summary>
    /// <exception cref="UserErrorException">The user has no home directory and has named no file.</exception>
    public static string ForWriting()
    {
        var all = All();
        return all.FirstOrDefault(File.Exists)
            ?? (all.Count > 0 ? all[^1] : throw new UserErrorException("There is no home directory: name a file in $KUBECONFIG."));
    }
}
