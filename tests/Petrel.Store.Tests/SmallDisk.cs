using System.Diagnostics;

namespace Petrel.Store.Tests;

/// <summary>A file system of a few MiB in memory, which tests fill, and which can become read-only.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _path = Directory.CreateTempSubdirectory("petrel-disk-").FullName;

    public SmallDisk(int mebibytes) => Run("mount", "-t", "tmpfs", "-o", $"size={mebibytes}m", "tmpfs", _path);

    public string File(string name) => Path.Combine(_path, name);

    /// <summary>Takes all space that is left. Returns the file that has it.</summary>
    public string Fill(string name = "filler")
    {
        var path = File(name);
        var block = new byte[4096];
        using var file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        try
        {
            while (true)
            {
                file.Write(block);
            }
        }
        catch (IOException)
        {
            return path;
        }
    }

    public void Dispose()
    {
        Run("umount", "-l", _path);
        Directory.Delete(_path);
    }

    private static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }
}

/// <summary>A test that mounts a file system: it runs as root and is skipped with the reason elsewhere.</summary>
public sealed class MountFactAttribute : FactAttribute
{
    public MountFactAttribute(
        [System.Runtime.CompilerServices.CallerFilePath] string? file = null,
        [System.Runtime.CompilerServices.CallerLineNumber] int line = 0
    )
        : base(file, line)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            Skip = "needs root: it mounts a small file system";
        }
    }
}
