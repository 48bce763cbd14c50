using System.Globalization;
using System.Runtime.InteropServices;
using Petrel.Agent.Runtimes.Local;

namespace Petrel.Agent.Runtimes.Oci;

/// <summary>
/// The cgroups of the node's pods, in version 1 or 2, depending on which the machine mounts. Each pod has a cgroup with the pod's limits.
/// The low-level runtime creates the cgroups of containers below it.
/// </summary>
internal sealed partial class Cgroups
{
    private const string Mount = "/sys/fs/cgroup";
    private const int CpuPeriod = 100_000;
    private readonly string _parent;
    private readonly string[] _hierarchies;
    private readonly string[] _unmounted;

    public Cgroups(string parent)
    {
        _parent = "/" + parent.Trim('/');
        IsUnified = File.Exists($"{Mount}/cgroup.controllers");
        // crun creates cgroup directories in each directory here, even if no hierarchy is mounted on it. Remember those for the cleanup.
        _unmounted =
            IsUnified || !Directory.Exists(Mount) ? [] : [.. Directory.GetDirectories(Mount).Where(d => !File.Exists($"{d}/cgroup.procs"))];
        _hierarchies =
            IsUnified ? [Mount]
            : Directory.Exists(Mount)
                ? [.. Directory.GetDirectories(Mount).Where(d => File.Exists($"{d}/cgroup.procs")).Order(StringComparer.Ordinal)]
            : [];
        IsHybrid = !IsUnified && Directory.Exists($"{Mount}/unified") && File.Exists($"{Mount}/unified/cgroup.controllers");
    }

    public bool IsUnified { get; }

    public bool IsHybrid { get; }

    public string PodPath(string sandboxId) => $"{_parent}/pod{sandboxId}";

    public string ContainerPath(string sandboxId, string containerId) => $"{PodPath(sandboxId)}/{containerId}";

    /// <summary>Creates the pod's cgroup and sets its limits.</summary>
    /// <exception cref="RuntimeException">The kernel refused a limit.</exception>
    public void CreatePod(string sandboxId, ResourceLimits limits)
    {
        var path = PodPath(sandboxId);
        try
        {
            if (IsUnified)
            {
                Directory.CreateDirectory(Mount + path);
                Delegate(path);
                Set(path, "cpu.weight", limits.MilliCpuRequest > 0 ? WeightOf(SharesOf(limits.MilliCpuRequest)) : 0);
                Write(path, "cpu.max", limits.MilliCpu > 0 ? $"{QuotaOf(limits.MilliCpu)} {CpuPeriod}" : null);
                Set(path, "memory.max", limits.Memory);
                Set(path, "pids.max", limits.Pids);
            }
            else
            {
                foreach (var controller in (string[])["cpu", "memory", "pids"])
                {
                    if (Directory.Exists($"{Mount}/{controller}"))
                    {
                        Directory.CreateDirectory($"{Mount}/{controller}{path}");
                    }
                }
                Set("/cpu" + path, "cpu.shares", limits.MilliCpuRequest > 0 ? SharesOf(limits.MilliCpuRequest) : 0);
                Set("/cpu" + path, "cpu.cfs_quota_us", limits.MilliCpu > 0 ? QuotaOf(limits.MilliCpu) : 0);
                Set("/memory" + path, "memory.limit_in_bytes", limits.Memory);
                Set("/pids" + path, "pids.max", limits.Pids);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new RuntimeException("CreatePodSandboxError", $"cgroup {path}: {e.Message}", e);
        }
    }

    /// <summary>Sends SIGKILL to every process of the pod.</summary>
    public void KillPod(string sandboxId) => Kill(PodPath(sandboxId));

    /// <summary>Sends SIGKILL to every process of the container.</summary>
    public void KillContainer(string sandboxId, string containerId) => Kill(ContainerPath(sandboxId, containerId));

    /// <summary>Removes those of the pod's cgroups that are empty.</summary>
    public void RemovePod(string sandboxId)
    {
        foreach (var hierarchy in _hierarchies)
        {
            RemoveTree(hierarchy + PodPath(sandboxId));
        }
        DeleteUnmounted(PodPath(sandboxId));
    }

    /// <summary>
    /// Removes pod cgroups that belong to no sandbox in <paramref name="known"/>. A node that crashed leaves such cgroups behind.
    /// </summary>
    public void RemoveOthers(IReadOnlyCollection<string> known)
    {
        foreach (var hierarchy in _hierarchies.Where(h => Directory.Exists(h + _parent)))
        {
            foreach (var pod in Directory.GetDirectories(hierarchy + _parent, "pod*"))
            {
                if (!known.Contains(Path.GetFileName(pod)["pod".Length..]))
                {
                    RemoveTree(pod);
                }
            }
        }
        if (known.Count == 0)
        {
            DeleteUnmounted(_parent);
        }
    }

    /// <summary>Removes the node's cgroup when it contains no pods.</summary>
    public void RemoveParent()
    {
        DeleteUnmounted(_parent);
        for (var path = _parent; path.Length > 1; path = path[..path.LastIndexOf('/')])
        {
            foreach (var hierarchy in _hierarchies)
            {
                TryRemove(hierarchy + path);
            }
        }
    }

    /// <summary>Whether the kernel's OOM killer killed a process of the container.</summary>
    public bool WasOutOfMemory(string sandboxId, string containerId)
    {
        var path = ContainerPath(sandboxId, containerId);
        var file = IsUnified ? $"{Mount}{path}/memory.events" : $"{Mount}/memory{path}/memory.oom_control";
        try
        {
            return File.ReadLines(file)
                .Any(line => line.StartsWith("oom_kill ", StringComparison.Ordinal) && !line.EndsWith(" 0", StringComparison.Ordinal));
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>The resource usage of the container, or null when its cgroup does not exist.</summary>
    public ContainerUsage? UsageOf(string sandboxId, string containerId)
    {
        var path = ContainerPath(sandboxId, containerId);
        try
        {
            if (IsUnified)
            {
                return new(
                    containerId,
                    TimeSpan.FromMicroseconds(Field($"{Mount}{path}/cpu.stat", "usage_usec")),
                    WorkingSet(Number($"{Mount}{path}/memory.current"), Field($"{Mount}{path}/memory.stat", "inactive_file"))
                );
            }
            // Some machines mount cpu and cpuacct as one hierarchy, and may not have a link with the name cpuacct.
            var cpu = Directory.Exists($"{Mount}/cpuacct") ? "cpuacct" : "cpu,cpuacct";
            return new(
                containerId,
                TimeSpan.FromTicks(Number($"{Mount}/{cpu}{path}/cpuacct.usage") / TimeSpan.NanosecondsPerTick),
                WorkingSet(
                    Number($"{Mount}/memory{path}/memory.usage_in_bytes"),
                    Field($"{Mount}/memory{path}/memory.stat", "total_inactive_file")
                )
            );
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>CPU shares, computed from a request as Kubernetes does (1024 per core, at least 2).</summary>
    public static long SharesOf(long milliCpu) => Math.Clamp(milliCpu * 1024 / 1000, 2, 262_144);

    /// <summary>The CPU quota in microseconds per period of 100 ms. The minimum is 1 ms, as in the kernel.</summary>
    public static long QuotaOf(long milliCpu) => Math.Max(1000, milliCpu * CpuPeriod / 1000);

    /// <summary>The version 2 weight (1–10000) for version 1 shares (2–262144), by the mapping that OCI runtimes use.</summary>
    public static long WeightOf(long shares) => 1 + ((shares - 2) * 9999 / 262_142);

    private static long WorkingSet(long used, long inactiveFile) => Math.Max(0, used - inactiveFile);

    private static long Number(string file) => long.Parse(File.ReadAllText(file).AsSpan().Trim(), CultureInfo.InvariantCulture);

    private static long Field(string file, string name)
    {
        var line = File.ReadLines(file)
            .FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal) && l.Length > name.Length && l[name.Length] == ' ');
        return line is null ? 0 : long.Parse(line.AsSpan(name.Length + 1), CultureInfo.InvariantCulture);
    }

    private static void Delegate(string path)
    {
        // A controller is available in a cgroup only if every ancestor enables it for its children.
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        var current = Mount;
        foreach (var part in parts.Prepend(""))
        {
            current = part.Length == 0 ? current : $"{current}/{part}";
            File.WriteAllText($"{current}/cgroup.subtree_control", "+cpu +memory +pids");
        }
    }

    private static void Set(string path, string file, long value) =>
        Write(path, file, value > 0 ? value.ToString(CultureInfo.InvariantCulture) : null);

    private static void Write(string path, string file, string? value)
    {
        if (value is not null)
        {
            File.WriteAllText($"{Mount}{path}/{file}", value);
        }
    }

    private void Kill(string path)
    {
        if (IsUnified && File.Exists($"{Mount}{path}/cgroup.kill"))
        {
            File.WriteAllText($"{Mount}{path}/cgroup.kill", "1");
            return;
        }
        var root = _hierarchies.FirstOrDefault(h => h.EndsWith("/pids", StringComparison.Ordinal)) ?? _hierarchies.FirstOrDefault();
        if (root is null || !Directory.Exists(root + path))
        {
            return;
        }
        foreach (var group in Directory.EnumerateDirectories(root + path, "*", SearchOption.AllDirectories).Append(root + path))
        {
            foreach (var line in ReadProcesses(group))
            {
                // The kernel reports processes of a PID namespace that is not visible from here as 0.
                if (int.TryParse(line, out var pid) && pid > 0)
                {
                    _ = Tool.Kill(pid, Tool.SigKill);
                }
            }
        }
    }

    private static string[] ReadProcesses(string group)
    {
        try
        {
            return File.ReadAllLines($"{group}/cgroup.procs");
        }
        catch (IOException)
        {
            return [];
        }
    }

    private void DeleteUnmounted(string path)
    {
        foreach (var directory in _unmounted.Where(d => Directory.Exists(d + path)))
        {
            Directory.Delete(directory + path, recursive: true);
        }
    }

    private static void RemoveTree(string path)
    {
        if (Directory.Exists(path))
        {
            foreach (var child in Directory.GetDirectories(path))
            {
                RemoveTree(child);
            }
            TryRemove(path);
        }
    }

    // Use rmdir instead of Directory.Delete: the control files in a cgroup can't be deleted, and the kernel ignores them in rmdir.
    private static void TryRemove(string path) => _ = RemoveDirectory(path);

    [LibraryImport("libc", EntryPoint = "rmdir", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RemoveDirectory(string path);
}
