using System.Text;
using Petrel.Agent.Runtimes.Local;

namespace Petrel.Agent.Runtimes.Processes;

/// <summary>
/// Finds the program to execute on the host for a container's command. The command is looked up in the image. A static program runs
/// directly. A dynamic program runs directly if the host has the libraries that it needs. Otherwise the host's program with the same name
/// replaces it, or the image's loader runs it with the image's libraries.
/// </summary>
internal static class ProgramFinder
{
    private const int MaximumScripts = 4;
    private const string HostPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private const UnixFileMode Executable = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private static readonly string[] LibraryFolders = ["lib", "usr/lib", "lib64", "usr/lib64", "usr/local/lib"];

    /// <summary>
    /// Translates the image's PATH for the host: the same directories in the container's root, followed by the host's directories.
    /// </summary>
    public static string PathIn(string root, string path) =>
        string.Join(
            ':',
            path.Split(':', StringSplitOptions.RemoveEmptyEntries).Select(p => RootFileSystem.InRoot(root, p)).Append(HostPath)
        );

    /// <param name="root">The container's root.</param>
    /// <param name="directory">The working directory, as a host path.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="path">The PATH of the container's image.</param>
    /// <param name="cancellationToken">Cancels the search.</param>
    /// <exception cref="RuntimeException">The program does not exist, or it can't run on this host.</exception>
    public static async ValueTask<(string Program, IReadOnlyList<string> Arguments)> FindAsync(
        string root,
        string directory,
        IReadOnlyList<string> command,
        string path,
        CancellationToken cancellationToken
    )
    {
        try
        {
            return await SearchAsync(root, directory, command, path, cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RuntimeException("RunContainerError", $"exec: \"{command[0]}\": {e.Message}", e);
        }
    }

    private static async ValueTask<(string Program, IReadOnlyList<string> Arguments)> SearchAsync(
        string root,
        string directory,
        IReadOnlyList<string> command,
        string path,
        CancellationToken cancellationToken
    )
    {
        var program = Find(root, directory, command[0], path)
            ?? throw new RuntimeException("RunContainerError", $"exec: \"{command[0]}\": executable file not found in the image");
        List<string> arguments = [.. command.Skip(1)];
        for (var depth = 0; depth < MaximumScripts && ScriptOf(program) is var (interpreter, argument); depth++)
        {
            if (Find(root, directory, interpreter, path) is not { } found)
            {
                break; // The host's interpreter, if there is one.
            }
            arguments = [.. argument.Length > 0 ? [argument] : Array.Empty<string>(), program, .. arguments];
            program = found;
        }
        if (ElfFile.LoaderOf(program) is not { } loader || await HasLibrariesAsync(loader, program, cancellationToken))
        {
            return (program, arguments);
        }
        if (HostPath.Split(':').Select(p => Path.Combine(p, Path.GetFileName(program))).FirstOrDefault(IsExecutable) is { } substitute)
        {
            return (substitute, arguments);
        }
        if (RootFileSystem.InRoot(root, loader) is var own && IsExecutable(own))
        {
            return (own, ["--library-path", string.Join(':', Libraries(root)), program, .. arguments]);
        }
        throw new RuntimeException(
            "RunContainerError",
            $"exec: \"{command[0]}\": the program needs {loader} and libraries that this host lacks: the process runtime can't run it"
        );
    }

    private static string? Find(string root, string directory, string name, string path) =>
        (
            name.StartsWith('/') ? [RootFileSystem.InRoot(root, name)]
            : name.Contains('/') ? [Path.GetFullPath(name, directory)]
            : path.Split(':', StringSplitOptions.RemoveEmptyEntries).Select(p => RootFileSystem.InRoot(root, p + "/" + name))
        ).FirstOrDefault(IsExecutable);

    private static bool IsExecutable(string path) => File.Exists(path) && (File.GetUnixFileMode(path) & Executable) != 0;

    // The interpreter and its argument from the first line of a script. Null when the file is not a script.
    private static (string Interpreter, string Argument)? ScriptOf(string path)
    {
        using var file = File.OpenRead(path);
        var start = new byte[256];
        var count = file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        var line = Encoding.UTF8.GetString(start, 0, count).Split('\n')[0];
        if (!line.StartsWith("#!", StringComparison.Ordinal))
        {
            return null;
        }
        var words = line[2..].Trim().Split((char[])[' ', '\t'], 2, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return words.Length == 0 ? null : (words[0], words.Length > 1 ? words[1] : "");
    }

    private static async ValueTask<bool> HasLibrariesAsync(string loader, string program, CancellationToken cancellationToken)
    {
        if (!IsExecutable(loader))
        {
            return false;
        }
        var list = await Tool.RunAsync(loader, ["--list", program], null, cancellationToken);
        return list.ExitCode == 0 && !list.Text.Contains("not found", StringComparison.Ordinal);
    }

    private static IEnumerable<string> Libraries(string root)
    {
        foreach (var folder in LibraryFolders.Select(f => Path.Combine(root, f)).Where(Directory.Exists))
        {
            // Debian has libraries one level deeper, in directories named by architecture.
            foreach (var further in Directory.EnumerateDirectories(folder, "*-linux-*").Order(StringComparer.Ordinal))
            {
                yield return further;
            }
            yield return folder;
        }
    }
}
