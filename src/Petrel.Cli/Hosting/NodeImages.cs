using Petrel.Agent.Images;
using Petrel.LocalCluster;
using Petrel.Security;

namespace Petrel.Cli.Hosting;

/// <summary>The image store that the nodes of a cluster on this machine share.</summary>
internal static class NodeImages
{
    /// <exception cref="UserErrorException">The cluster's directory can't be created.</exception>
    public static ImageStore Open(ClusterDirectory directory)
    {
        try
        {
            directory.Create();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"The data directory {directory.Root} can't be made ({e.Message}): name another with --data.");
        }
        return new(directory.Images, new SystemEntropy(), new RegistrySettings(), TimeProvider.System);
    }
}
