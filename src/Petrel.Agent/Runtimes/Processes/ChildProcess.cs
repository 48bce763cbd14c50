using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Petrel.Agent.Runtimes.Local;

namespace Petrel.Agent.Runtimes.Processes;

/// <summary>Starts a program as the leader of a new session, and reaps the program and its orphaned descendants.</summary>
internal static unsafe partial class ChildProcess
{
    // An upper bound of the size of these structures in any C library.
    private const int StructureSize = 1024;
    private const short SetSignalDefaults = 0x04;
    private const short SetSignalMask = 0x08;
    private const short SetSession = 0x80;
    private const int CloseOnExec = 0x80000;
    private const int ReadOnly = 0;
    private const int ReadWrite = 2;
    private const int Interrupted = 4;
    private const int Exited = 4;
    private const int NoWait = 0x01000000;
    private const int BecomeSubreaper = 36;
    private const int PidInSignalInformation = 16;
    private const int Kill = 9;
    private const int Stop = 19;

    /// <summary>Creates a pipe that child processes do not inherit by default (close-on-exec).</summary>
    public static (SafeFileHandle Read, SafeFileHandle Write) NewPipe()
    {
        var ends = stackalloc int[2];
        Check(Pipe(ends, CloseOnExec) == 0 ? 0 : Marshal.GetLastPInvokeError(), "pipe");
        return (new SafeFileHandle(ends[0], ownsHandle: true), new SafeFileHandle(ends[1], ownsHandle: true));
    }

    /// <summary>Makes this process the leader of a new session, so that it survives the end of its terminal and of its parent.</summary>
    public static void LeaveSession() => _ = SetSid();

    /// <summary>Makes this process a subreaper: it becomes the parent of every descendant whose parent exits.</summary>
    public static void AdoptDescendants() => _ = PrCtl(BecomeSubreaper, 1, 0, 0, 0);

    /// <summary>Redirects the standard streams to <c>/dev/null</c>.</summary>
    public static void LeaveStreams()
    {
        var nothing = Open("/dev/null", ReadWrite | CloseOnExec);
        for (var stream = 0; stream <= 2; stream++)
        {
            _ = Dup2(nothing, stream);
        }
    }

    /// <summary>
    /// Starts the program with its output in pipes, without input, and with default signal handling, as from a shell. Returns its pid.
    /// </summary>
    /// <exception cref="Win32Exception">The program can't be run. The exception contains the kernel's error.</exception>
    public static int Start(Launch launch, SafeFileHandle output, SafeFileHandle errors)
    {
        var actions = stackalloc byte[StructureSize];
        var attributes = stackalloc byte[StructureSize];
        var signals = stackalloc byte[StructureSize];
        Check(ActionsInit(actions), "posix_spawn_file_actions_init");
        Check(AttributesInit(attributes), "posix_spawnattr_init");
        try
        {
            Check(AddOpen(actions, 0, "/dev/null", ReadOnly, 0), "open /dev/null");
            Check(AddDup2(actions, (int)output.DangerousGetHandle(), 1), "dup2");
            Check(AddDup2(actions, (int)errors.DangerousGetHandle(), 2), "dup2");
            Check(AddDirectory(actions, launch.Directory), $"chdir {launch.Directory}");
            // This process ignores some signals (SIGPIPE), and the program would inherit that. Reset all signals to their defaults.
            _ = SignalsFill(signals);
            _ = SignalsRemove(signals, Kill);
            _ = SignalsRemove(signals, Stop);
            Check(SetDefaults(attributes, signals), "posix_spawnattr_setsigdefault");
            _ = SignalsEmpty(signals);
            Check(SetMask(attributes, signals), "posix_spawnattr_setsigmask");
            Check(SetFlags(attributes, SetSession | SetSignalDefaults | SetSignalMask), "posix_spawnattr_setflags");
            string?[] arguments = [launch.Program, .. launch.Arguments, null];
            string?[] environment = [.. launch.Environment, null];
            Check(Spawn(out var pid, launch.Program, actions, attributes, arguments, environment), launch.Program);
            return pid;
        }
        finally
        {
            _ = ActionsDestroy(actions);
            _ = AttributesDestroy(attributes);
        }
    }

    /// <summary>
    /// Waits for the program to exit, reaps its orphaned descendants meanwhile, and kills the remaining processes of its process group.
    /// Returns the program's exit code, or 128 + N when signal N killed it.
    /// </summary>
    public static int WaitForEnd(int program)
    {
        var information = stackalloc byte[StructureSize];
        while (true)
        {
            var result = WaitId(0, 0, information, Exited | NoWait);
            if (result != 0 && Marshal.GetLastPInvokeError() == Interrupted)
            {
                continue;
            }
            Check(result == 0 ? 0 : Marshal.GetLastPInvokeError(), "waitid");
            var ended = *(int*)(information + PidInSignalInformation);
            if (ended == program)
            {
                // The program is not reaped yet, so no other process or process group can have its pid.
                _ = Tool.Kill(-program, Kill);
            }
            var status = 0;
            _ = WaitPid(ended, &status, 0);
            if (ended == program)
            {
                var signal = status & 0x7F;
                return signal == 0 ? (status >> 8) & 0xFF : 128 + signal;
            }
        }
    }

    /// <summary>Kills and reaps every child of this process, until none is left.</summary>
    public static void KillChildren()
    {
        while (true)
        {
            foreach (var child in Children())
            {
                _ = Tool.Kill(child, Kill);
            }
            if (WaitPid(-1, null, 0) < 0 && Marshal.GetLastPInvokeError() != Interrupted)
            {
                return;
            }
        }
    }

    private static IEnumerable<int> Children()
    {
        var self = Environment.ProcessId.ToString();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), out var pid) && ParentOf(folder) == self)
            {
                yield return pid;
            }
        }
    }

    private static string ParentOf(string folder)
    {
        try
        {
            var stat = File.ReadAllText(folder + "/stat");
            return stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1];
        }
        catch (IOException)
        {
            return "";
        }
    }

    private static void Check(int error, string what)
    {
        if (error != 0)
        {
            throw new Win32Exception(error, $"{what}: {Marshal.GetPInvokeErrorMessage(error)}");
        }
    }

    [LibraryImport("libc", EntryPoint = "pipe2", SetLastError = true)]
    private static partial int Pipe(int* ends, int flags);

    [LibraryImport("libc", EntryPoint = "setsid")]
    private static partial int SetSid();

    [LibraryImport("libc", EntryPoint = "prctl")]
    private static partial int PrCtl(int option, nuint a, nuint b, nuint c, nuint d);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "dup2")]
    private static partial int Dup2(int from, int to);

    [LibraryImport("libc", EntryPoint = "waitid", SetLastError = true)]
    private static partial int WaitId(int type, int id, byte* information, int options);

    [LibraryImport("libc", EntryPoint = "waitpid", SetLastError = true)]
    private static partial int WaitPid(int pid, int* status, int options);

    [LibraryImport("libc", EntryPoint = "posix_spawn", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Spawn(out int pid, string path, byte* actions, byte* attributes, string?[] arguments, string?[] environment);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_init")]
    private static partial int ActionsInit(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_destroy")]
    private static partial int ActionsDestroy(byte* actions);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addopen", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddOpen(byte* actions, int handle, string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_adddup2")]
    private static partial int AddDup2(byte* actions, int from, int to);

    [LibraryImport("libc", EntryPoint = "posix_spawn_file_actions_addchdir_np", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int AddDirectory(byte* actions, string path);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_init")]
    private static partial int AttributesInit(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_destroy")]
    private static partial int AttributesDestroy(byte* attributes);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setflags")]
    private static partial int SetFlags(byte* attributes, short flags);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigdefault")]
    private static partial int SetDefaults(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "posix_spawnattr_setsigmask")]
    private static partial int SetMask(byte* attributes, byte* signals);

    [LibraryImport("libc", EntryPoint = "sigfillset")]
    private static partial int SignalsFill(byte* signals);

    [LibraryImport("libc", EntryPoint = "sigemptyset")]
    private static partial int SignalsEmpty(byte* signals);

    [LibraryImport("libc", EntryPoint = "sigdelset")]
    private static partial int SignalsRemove(byte* signals, int signal);
}
