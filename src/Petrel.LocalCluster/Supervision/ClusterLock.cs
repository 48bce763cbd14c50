namespace Petrel.LocalCluster.Supervision;

/// <summary>
/// An exclusive lock on a cluster's data directory (flock(2)). The kernel releases it when the process that holds it ends, however it ends.
/// </summary>
public sealed class ClusterLock : IDisposable
{
    private const int WouldBlock = 11;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    private readonly FileStream _file;

    private ClusterLock(FileStream file) => _file = file;

    /// <summary>
    /// Takes the lock for starting and stopping processes. <c>up</c> holds it until its supervisor has started. <c>down</c> holds it too.
    /// </summary>
    /// <exception cref="UserErrorException">Another command holds the lock, or the directory can't be written.</exception>
    public static ClusterLock TakeForChange(ClusterDirectory directory) =>
        TryTake(directory, directory.ChangeLock)
        ?? throw new UserErrorException(
            $"Another 'petrel up' or 'petrel down' is at work on the cluster in {directory.Root}: wait for it, then see 'petrel status'."
        );

    /// <summary>Takes the same lock, and waits at most <paramref name="limit"/> for another command to release it.</summary>
    /// <exception cref="UserErrorException">Another command still holds the lock.</exception>
    public static async Task<ClusterLock> TakeForChangeAsync(
        ClusterDirectory directory,
        TimeSpan limit,
        CancellationToken cancellationToken
    )
    {
        for (var start = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(start) < limit; )
        {
            if (TryTake(directory, directory.ChangeLock) is { } taken)
            {
                return taken;
            }
            await Task.Delay(Poll, cancellationToken);
        }
        return TakeForChange(directory);
    }

    /// <summary>Takes the supervisor's lock, which the supervisor holds as long as it runs.</summary>
    /// <exception cref="UserErrorException">The cluster already has a supervisor.</exception>
    public static ClusterLock TakeForSupervision(ClusterDirectory directory) =>
        TryTake(directory, directory.SupervisorLock)
        ?? throw new UserErrorException($"The cluster in {directory.Root} is up already: another process supervises it.");

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static ClusterLock? TryTake(ClusterDirectory directory, string path)
    {
        try
        {
            Directory.CreateDirectory(directory.Root, OwnerOnly | UnixFileMode.UserExecute);
            return new(
                new FileStream(
                    path,
                    new FileStreamOptions
                    {
                        Mode = FileMode.OpenOrCreate,
                        Access = FileAccess.ReadWrite,
                        Share = FileShare.None,
                        UnixCreateMode = OwnerOnly,
                    }
                )
            );
        }
        catch (IOException e) when (e.HResult == WouldBlock)
        {
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"The data directory {directory.Root} can't be used ({e.Message}): name another with --data.");
        }
    }
}
