using Microsoft.Extensions.Logging;
using Petrel.LocalCluster;
using Petrel.Security;
using Petrel.Store.Inspection;
using Petrel.Store.Sqlite;

namespace Petrel.Cli.Hosting;

/// <summary>
/// Opens the store of a cluster. A store that was lost or damaged is never replaced by an empty one, unless the user accepts the loss.
/// </summary>
internal static class ServerStore
{
    /// <exception cref="UserErrorException">The store is lost or damaged. The message says what to do.</exception>
    public static SqliteStore Open(ClusterDirectory directory, ILoggerFactory logs)
    {
        if (File.Exists(directory.StoreMark) && !Directory.EnumerateFileSystemEntries(Folder(directory)).Any())
        {
            throw new UserErrorException(
                $"The store of the cluster in {directory.Root} is gone: {Folder(directory)} is empty. Restore it from a backup. "
                    + Advice(directory)
            );
        }
        try
        {
            var store = SqliteStore.Open(directory.StoreFile, logs.CreateLogger("Petrel.Store"));
            Mark(directory);
            return store;
        }
        catch (StoreFileException e) when (e.IsDamage)
        {
            throw new UserErrorException($"{e.Message} {Advice(directory)}");
        }
    }

    /// <summary>
    /// Goes on with what is left of a lost or damaged store. Returns what was done, for the user; null when there is nothing to accept.
    /// </summary>
    public static string? AcceptLoss(ClusterDirectory directory)
    {
        if (!File.Exists(directory.StoreMark) && !File.Exists(directory.StoreFile))
        {
            return null;
        }
        _ = Folder(directory);
        return StoreSalvage.Run(directory.StoreFile) is { } salvaged
            ? $"The store was damaged: {salvaged.Report.Damages[0]}. {salvaged.Keys} of its keys are kept, and revisions go on after "
                + $"{salvaged.Revision}. The damaged file is {salvaged.DamagedFile}."
            : null;
    }

    // The mark lies outside of the store's folder, so that it tells a lost folder from a new cluster.
    private static void Mark(ClusterDirectory directory)
    {
        try
        {
            SecretFile.Write(directory.StoreMark, "The store of this cluster has been created. Without it, the server does not start.\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk. The next start writes it.
        }
    }

    private static string Folder(ClusterDirectory directory) =>
        Directory
            .CreateDirectory(
                Path.GetDirectoryName(directory.StoreFile)!,
                UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            )
            .FullName;

    private static string Advice(ClusterDirectory directory) =>
        $"'petrel check {directory.Root}' lists the damage. 'petrel up --data {directory.Root} --accept-data-loss' goes on with what is "
        + "left.";
}
