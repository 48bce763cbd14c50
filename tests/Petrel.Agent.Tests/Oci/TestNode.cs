using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Petrel.Agent.Tests.Oci;

/// <summary>
/// Makes the whole test run a node of its own, as far as the kernel goes: before any test, a root's test process executes itself again in
/// fresh PID, mount and network namespaces. Bridges, rules and mounts of the tests touch nothing of the machine, and vanish with the run.
/// </summary>
internal static partial class TestNode
{
    private const string Marker = "PETREL_TEST_NODE";

    /// <summary>Why containers cannot run here, or null.</summary>
    public static string? Missing
    {
        get
        {
            if (Environment.UserName != "root" || Environment.GetEnvironmentVariable(Marker) is null)
            {
                return "containers need root";
            }
            string[] tools = ["conmon", "unshare", "ip", "nft", "busybox"];
            var absent = tools.Where(t => Find(t) is null).ToList();
            return Find("crun") is null && Find("runc") is null ? "neither crun nor runc is installed"
                : absent.Count > 0 ? $"not installed: {string.Join(", ", absent)}"
                : null;
        }
    }

    public static string? Find(string tool) =>
        new[] { "/usr/sbin", "/usr/bin", "/sbin", "/bin" }.Select(d => Path.Combine(d, tool)).FirstOrDefault(File.Exists);

#pragma warning disable CA2255 // A test program is an application, not a library.
    [ModuleInitializer]
#pragma warning restore CA2255
    public static void Enter()
    {
        var self = Environment.ProcessPath!;
        if (
            Environment.GetEnvironmentVariable(Marker) is not null
            || Environment.UserName != "root"
            || Path.GetFileName(self) != "Petrel.Agent.Tests"
            || Find("unshare") is null
        )
        {
            return;
        }
        Environment.SetEnvironmentVariable(Marker, "1");
        const string boot = """
            ip link set dev lo up
            if [ -d /sys/fs/cgroup/cpu ] && grep -q " /sys/fs/cgroup/unified " /proc/mounts; then umount /sys/fs/cgroup/unified; fi
            "$@"
            """;
        string?[] arguments =
        [
            "unshare",
            "--net",
            "--mount",
            "--propagation",
            "private",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "sh",
            "-c",
            boot,
            "test-node",
            self,
            .. Environment.GetCommandLineArgs().Skip(1),
            null,
        ];
        string?[] environment =
        [
            .. Environment.GetEnvironmentVariables().Cast<System.Collections.DictionaryEntry>().Select(e => $"{e.Key}={e.Value}"),
            null,
        ];
        _ = Execute(Find("unshare")!, arguments, environment);
        throw new InvalidOperationException($"unshare could not be executed: error {Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", EntryPoint = "execve", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Execute(string file, string?[] arguments, string?[] environment);
}
