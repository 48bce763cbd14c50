using System.Diagnostics;

namespace Petrel.LocalCluster.Processes;

/// <summary>
/// Starts processes that outlive the terminal and this process. Each has a session of its own, and a log file for its output. The log's
/// folder is its working directory, so that the folder in which the cluster was started stays free.
/// </summary>
public static class DetachedProcess
{
    /// <summary>Starts <paramref name="command"/> and returns its process id.</summary>
    public static int Start(IReadOnlyList<string> command, string logPath)
    {
        if (!File.Exists(logPath))
        {
            using var log = new FileStream(
                logPath,
                new FileStreamOptions
                {
                    Mode = FileMode.Create,
                    Access = FileAccess.Write,
                    UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
                }
            );
        }
        // The shell only redirects; every step is an exec, so the process id stays the one that was started.
        var start = new ProcessStartInfo("setsid")
        {
            WorkingDirectory = Path.GetDirectoryName(logPath)!,
            ArgumentList = { "sh", "-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "petrel", logPath },
        };
        foreach (var argument in command)
        {
            start.ArgumentList.Add(argument);
        }
        using var process = Process.Start(start)!;
        return process.Id;
    }
}
