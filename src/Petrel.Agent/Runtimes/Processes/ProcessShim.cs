using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;

namespace Petrel.Agent.Runtimes.Processes;

/// <summary>
/// The shim process of each container in the <c>process</c> runtime. It outlives the agent: it starts the container's program, writes the
/// log, and records when and how the program exited. All of its input is in the container's directory. It prints one line on its standard
/// output, <c>started</c>, <c>busy</c> or <c>failed REASON</c>, and then closes the stream.
/// </summary>
public static class ProcessShim
{
    /// <summary>The first command line argument, which selects the shim mode. The container's directory follows.</summary>
    public const string Command = "process-shim";

    internal const string Started = "started";
    internal const string Busy = "busy";
    internal const string Failed = "failed ";

    // The time limit for reading the remaining output after all processes of the container were killed.
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(2);

    /// <summary>Runs a container's program, and returns after it has exited.</summary>
    /// <param name="args">The container's directory.</param>
    /// <param name="time">The clock.</param>
    /// <returns>The exit code of the shim: 0 if the container ran.</returns>
    public static async Task<int> RunAsync(string[] args, TimeProvider time)
    {
        if (args is not [var directory] || !Directory.Exists(directory))
        {
            return Refuse("expected the directory of a container");
        }
        ChildProcess.LeaveSession();
        ChildProcess.AdoptDescendants();
        Environment.CurrentDirectory = "/";
        // Ignore termination signals: the shim exits only after its program.
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, static c => c.Cancel = true);
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, static c => c.Cancel = true);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, static c => c.Cancel = true);

        var files = new ContainerFiles(directory);
        await using var held = files.TryLock();
        if (held is null)
        {
            Say(Busy);
            return 1;
        }
        if (
            ProcessJson.Read(files.Launch, ProcessJson.Default.Launch) is not { } launch
            || File.Exists(files.Running)
            || File.Exists(launch.ExitFile)
        )
        {
            return Refuse("the container has been started before");
        }
        return await RunAsync(files, launch, time);
    }

    private static async Task<int> RunAsync(ContainerFiles files, Launch launch, TimeProvider time)
    {
        var (output, outputEnd) = ChildProcess.NewPipe();
        var (errors, errorEnd) = ChildProcess.NewPipe();
        await using var log = OpenLog(launch.LogPath);
        int program;
        try
        {
            program = ChildProcess.Start(launch, outputEnd, errorEnd);
        }
        catch (Win32Exception e)
        {
            return Refuse(e.Message);
        }
        ProcessJson.Write(
            files.Running,
            new RunningEntry(ProcessEntry.Of(program), ProcessEntry.Of(Environment.ProcessId), time.GetUtcNow()),
            ProcessJson.Default.RunningEntry
        );
        outputEnd.Dispose();
        errorEnd.Dispose();
        Say(Started);
        ChildProcess.LeaveStreams();

        await using var outputStream = new FileStream(output, FileAccess.Read, bufferSize: 0);
        await using var errorStream = new FileStream(errors, FileAccess.Read, bufferSize: 0);
        var writer = new LogWriter(log, time);
        var copies = Task.WhenAll(writer.CopyAsync(outputStream, "stdout"), writer.CopyAsync(errorStream, "stderr"));
        var code = ChildProcess.WaitForEnd(program);
        var finished = time.GetUtcNow();
        ChildProcess.KillChildren();
        try
        {
            await copies.WaitAsync(DrainLimit, time);
        }
        catch (TimeoutException)
        {
            // A process outside of the container has inherited the stream and keeps it open. Don't wait for it.
        }
        ProcessJson.Write(launch.ExitFile, new ExitEntry(code, code == 0 ? "Completed" : "Error", finished), ProcessJson.Default.ExitEntry);
        return 0;
    }

    private static Stream OpenLog(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        }
        catch (IOException)
        {
            // Run the container without a log rather than not at all, as with a full disk.
            return Stream.Null;
        }
    }

    private static int Refuse(string reason)
    {
        Say(Failed + reason.ReplaceLineEndings(" "));
        return 1;
    }

    private static void Say(string line)
    {
        try
        {
            using var output = Console.OpenStandardOutput();
            output.Write(Encoding.UTF8.GetBytes(line + "\n"));
        }
        catch (IOException)
        {
            // The agent that started this shim has exited. The next agent reads the files instead.
        }
    }
}
