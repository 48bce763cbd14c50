using Petrel.LocalCluster;
using Petrel.Security;

namespace Petrel.Cli.Kubeconfigs;

/// <summary>
/// Changes a user's kubeconfig. It takes kubectl's lock, keeps a backup, and replaces the whole file with one that only its owner can read.
/// </summary>
internal static class KubeconfigFile
{
    /// <summary>The suffix of the backup's name.</summary>
    public const string BackupSuffix = ".petrel-backup";

    private static readonly TimeSpan LockLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LockPoll = TimeSpan.FromMilliseconds(50);

    /// <summary>Applies <paramref name="change"/>, and writes the file if it returns true (something changed).</summary>
    /// <exception cref="UserErrorException">The file is no kubeconfig, or kubectl keeps it locked.</exception>
    public static async Task<bool> ChangeAsync(string path, Func<KubeconfigDocument, bool> change, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var lockFile = await LockAsync(path + ".lock", cancellationToken);
        try
        {
            // Keep a symbolic link, and replace the file that it points to.
            var isLink = new FileInfo(path).LinkTarget is not null;
            var target = isLink ? File.ResolveLinkTarget(path, returnFinalTarget: true)!.FullName : path;
            var before = File.Exists(target) ? await File.ReadAllTextAsync(target, cancellationToken) : "";
            var document = KubeconfigDocument.Parse(before, path);
            if (!change(document))
            {
                return false;
            }
            if (before.Length > 0)
            {
                SecretFile.Write(path + BackupSuffix, before);
            }
            SecretFile.Write(target, document.ToString());
            return true;
        }
        finally
        {
            File.Delete(lockFile);
        }
    }

    // client-go (clientcmd.ModifyConfig) creates FILE.lock, which must not exist, and removes it afterwards.
    private static async Task<string> LockAsync(string path, CancellationToken cancellationToken)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
                return path;
            }
            catch (IOException) when (File.Exists(path) && TimeProvider.System.GetElapsedTime(start) < LockLimit)
            {
                await Task.Delay(LockPoll, cancellationToken);
            }
            catch (IOException) when (File.Exists(path))
            {
                throw new UserErrorException($"The kubeconfig is locked: if no kubectl is at work, remove {path} and try again.");
            }
        }
    }
}
