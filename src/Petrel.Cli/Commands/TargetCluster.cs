using System.CommandLine;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Processes;

namespace Petrel.Cli.Commands;

/// <summary>The cluster on this machine that a command operates on.</summary>
internal sealed record TargetCluster(ClusterDirectory Directory, ClusterSettings Settings)
{
    /// <summary>The API server's process id, or null while the cluster is down.</summary>
    public int? ServerPid => ProcessRecord.Find(Directory.ServerPid)?.Pid;

    /// <summary>The directory that the option specifies, whether or not it contains a cluster.</summary>
    /// <exception cref="UserErrorException">Another user owns it.</exception>
    public static ClusterDirectory DirectoryOf(ParseResult result, Option<string> data)
    {
        var directory = new ClusterDirectory(result.GetValue(data)!);
        try
        {
            _ = File.GetAttributes(directory.Settings);
        }
        catch (UnauthorizedAccessException)
        {
            throw new UserErrorException(
                $"The cluster in {directory.Root} belongs to another user: become that user (for root: sudo), or name another directory "
                    + "with --data."
            );
        }
        catch (IOException)
        {
            // The directory, or the cluster in it, does not exist yet.
        }
        return directory;
    }

    /// <summary>The cluster in the directory that the option specifies.</summary>
    /// <exception cref="UserErrorException">The directory contains no cluster.</exception>
    public static TargetCluster Find(ParseResult result, Option<string> data)
    {
        var directory = DirectoryOf(result, data);
        return new(directory, ClusterSettings.Require(directory));
    }

    /// <summary>The cluster in that directory, whose server must be running.</summary>
    /// <exception cref="UserErrorException">The directory contains no cluster, or the cluster is down.</exception>
    public static TargetCluster FindRunning(ParseResult result, Option<string> data)
    {
        var cluster = Find(result, data);
        return cluster.ServerPid is not null
            ? cluster
            : throw new UserErrorException($"The cluster in {cluster.Directory.Root} is down: start it with 'petrel up'.");
    }
}
