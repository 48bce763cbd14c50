namespace Petrel.Agent.Runtimes.Processes;

/// <summary>The files in a container's directory.</summary>
internal sealed record ContainerFiles(string Directory)
{
    /// <summary>The container's own copy of its image's files.</summary>
    public string Root => Path.Combine(Directory, "rootfs");

    /// <summary>Holds a <see cref="Processes.Launch"/>.</summary>
    public string Launch => Path.Combine(Directory, "launch.json");

    /// <summary>Holds a <see cref="RunningEntry"/> once the program runs.</summary>
    public string Running => Path.Combine(Directory, "running.json");

    /// <summary>Locked by the container's shim as long as that lives, and by the agent when it decides that there is to be none.</summary>
    public string Lock => Path.Combine(Directory, "lock");

    /// <summary>Takes the lock; null when another holds it.</summary>
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
