using System.Diagnostics;

namespace Petrel.LocalCluster.Processes;

/// <summary>
/// Starts processes that outlive the terminal and this process. Each has its own session, and a log file for its output. Its working
/// directory is the log's folder, so that it does not keep the folder in use in which the cluster was started.
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
        // The shell only redirects. Every step is an exec, so the process ID does not change.
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
