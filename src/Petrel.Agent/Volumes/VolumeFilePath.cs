namespace Petrel.Agent.Volumes;

/// <summary>
/// Checks paths of files in volumes. The API server refuses such paths, and the agent refuses them again, because it writes the files as
/// root.
/// </summary>
internal static class VolumeFilePath
{
    private const int MaximumLength = 4096;

    /// <summary>Checks the path of a file that the agent writes to a volume.</summary>
    /// <exception cref="IOException">The path may lead out of the volume, or its name is reserved for the agent.</exception>
    public static void Check(string path)
    {
        if (path.Length == 0)
        {
            throw new IOException($"invalid path: must not be empty: \"{path}\"");
        }
        if (path.StartsWith('/'))
        {
            throw new IOException($"invalid path: must be relative path: {path}");
        }
        if (path.Length > MaximumLength)
        {
            throw new IOException($"invalid path: must be less than or equal to {MaximumLength} characters");
        }
        if (HasBackSteps(path))
        {
            throw new IOException($"invalid path: must not contain '..': {path}");
        }
        if (path.StartsWith("..", StringComparison.Ordinal))
        {
            throw new IOException($"invalid path: must not start with '..': {path}");
        }
    }

    /// <summary>Whether a component of the path is <c>..</c>.</summary>
    public static bool HasBackSteps(string path) => path.Split('/').Contains("..");
}
