using System.Diagnostics;

namespace Petrel.Bench.Pods;

/// <summary>The baseline: crun starting busybox from a plain directory, with nothing around it.</summary>
internal static class BareCrun
{
    private static readonly Lazy<string> Bundle = new(CreateBundle);
    private static int _count;

    /// <summary>Milliseconds of one <c>crun run</c> until the container runs; removes it afterwards.</summary>
    public static async Task<double> TimeContainerAsync()
    {
        var id = $"petrel-bench-{Environment.ProcessId}-{_count++}";
        var bundle = Bundle.Value;
        var start = Stopwatch.GetTimestamp();
        await RunAsync("run", "--detach", "--bundle", bundle, id);
        var elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        await RunAsync("delete", "--force", id);
        return elapsed;
    }

    private static string CreateBundle()
    {
        var bundle = Directory.CreateTempSubdirectory("petrel-bench-crun-").FullName;
        Directory.CreateDirectory(Path.Combine(bundle, "rootfs", "bin"));
        Directory.CreateDirectory(Path.Combine(bundle, "rootfs", "dev"));
        Directory.CreateDirectory(Path.Combine(bundle, "rootfs", "proc"));
        File.Copy("/bin/busybox", Path.Combine(bundle, "rootfs", "bin", "sleep"));
        File.WriteAllText(
            Path.Combine(bundle, "config.json"),
            """
            {
              "ociVersion": "1.0.2",
              "process": { "user": { "uid": 0, "gid": 0 }, "args": ["/bin/sleep", "1000"], "cwd": "/", "env": ["PATH=/bin"] },
              "root": { "path": "rootfs" },
              "mounts": [{ "destination": "/proc", "type": "proc", "source": "proc" }],
              "linux": {
                "namespaces": [{ "type": "pid" }, { "type": "mount" }, { "type": "ipc" }, { "type": "uts" }, { "type": "network" }]
              }
            }
            """
        );
        return bundle;
    }

    // crun refuses hosts that show both cgroup hierarchies: the unified one is hidden from it.
    private static async Task RunAsync(params string[] arguments)
    {
        const string Hide =
            "if [ -d /sys/fs/cgroup/cpu ]; then umount /sys/fs/cgroup/unified 2>/dev/null; fi; exec crun \"$@\" </dev/null >/dev/null 2>&1";
        using var process = Process.Start("unshare", ["-m", "--propagation", "private", "sh", "-c", Hide, "crun", .. arguments]);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"crun {string.Join(' ', arguments)} ended with {process.ExitCode}.");
        }
    }
}
