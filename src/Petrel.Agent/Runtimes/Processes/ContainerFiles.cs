namespace Petrel.Agent.Runtimes.Processes;

/// <summary>The files in a container's directory.</summary>
internal sealed record ContainerFiles(string Directory)
{
    /// <summary>The container's private copy of the image's files.</summary>
    public string Root => Path.Combine(Directory, "rootfs");

    /// <summary>Contains a <see cref="Processes.Launch"/>.</summary>
    public string Launch => Path.Combine(Directory, "launch.json");

    /// <summary>Contains a <see cref="RunningEntry"/> once the program has started.</summary>
    public string Running => Path.Combine(Directory, "running.json");

    /// <summary>
    /// The container's shim holds a lock on this file while it runs. The agent takes the lock to prevent a shim from starting the program.
    /// </summary>
    public string Lock => Path.Combine(Directory, "lock");

    /// <summary>Takes the lock. Returns null when another process holds it.</summary>
    public FileStream? TryLock()
    {
        try
        {
            return new FileStream(Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException) when (File.Exists(Lock))
        {
            return null;
        }
    }
}
