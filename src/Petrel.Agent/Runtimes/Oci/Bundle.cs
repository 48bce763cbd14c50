using Petrel.Agent.Images;

namespace Petrel.Agent.Runtimes.Oci;

/// <summary>The resources that all containers of a pod share, as host paths.</summary>
/// <param name="NetworkNamespace">Null for the node's network (<c>hostNetwork</c>).</param>
/// <param name="IpcNamespace">Null for the node's IPC (<c>hostIPC</c>).</param>
/// <param name="UtsNamespace">Null for the node's hostname.</param>
/// <param name="HostPid">Whether containers see the node's processes (<c>hostPID</c>).</param>
internal sealed record PodFiles(
    string? NetworkNamespace,
    string? IpcNamespace,
    string? UtsNamespace,
    string Hosts,
    string Hostname,
    string ResolvConf,
    string SharedMemory,
    bool HostPid = false
);

/// <summary>Creates the runtime specification of a container. A pure function of the image, the container's spec and the pod.</summary>
internal static class Bundle
{
    private const string DefaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private static readonly string[] MaskedPaths =
    [
        "/proc/asound",
        "/proc/acpi",
        "/proc/kcore",
        "/proc/keys",
        "/proc/latency_stats",
        "/proc/timer_list",
        "/proc/timer_stats",
        "/proc/sched_debug",
        "/proc/scsi",
        "/sys/firmware",
        "/sys/devices/virtual/powercap",
    ];

    private static readonly string[] ReadOnlyPaths = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

    private static readonly DeviceRule[] DefaultDevices =
    [
        new(false, "rwm"),
        new(true, "m", "c"),
        new(true, "m", "b"),
        new(true, "rwm", "c", 1, 3), // null
        new(true, "rwm", "c", 1, 5), // zero
        new(true, "rwm", "c", 1, 7), // full
        new(true, "rwm", "c", 1, 8), // random
        new(true, "rwm", "c", 1, 9), // urandom
        new(true, "rwm", "c", 5, 0), // tty
        new(true, "rwm", "c", 5, 2), // ptmx
        new(true, "rwm", "c", 136), // pts
    ];

    public static RuntimeSpecification Create(
        ContainerSpec spec,
        ImageProcess image,
        ImageUser user,
        PodFiles pod,
        string hostname,
        string cgroup,
        bool unifiedCgroups,
        IReadOnlyList<string> capabilities,
        System.Text.Json.JsonElement? seccomp,
        string? seccompBytecode
    )
    {
        var privileged = spec.Security.Privileged;
        return new RuntimeSpecification
        {
            Process = new ProcessSpecification
            {
                Terminal = spec.Tty,
                User = new UserSpecification(user.Uid, user.Gid, user.Groups),
                Args = Arguments(spec, image),
                Env = Environment(spec, image, user.Home, hostname),
                Cwd =
                    spec.WorkingDirectory.Length > 0 ? spec.WorkingDirectory
                    : image.WorkingDir.Length > 0 ? image.WorkingDir
                    : "/",
                Capabilities = new CapabilitySpecification(capabilities, capabilities, capabilities),
                NoNewPrivileges = spec.Security.NoNewPrivileges,
            },
            Root = new RootSpecification("rootfs", spec.Security.ReadOnlyRootFilesystem),
            Mounts = MountsOf(spec, pod, privileged),
            Linux = new LinuxSpecification
            {
                Namespaces =
                [
                    .. pod.HostPid ? Array.Empty<NamespaceSpecification>() : [new NamespaceSpecification("pid")],
                    new("mount"),
                    .. pod.IpcNamespace is { } ipc ? [new NamespaceSpecification("ipc", ipc)] : Array.Empty<NamespaceSpecification>(),
                    .. pod.NetworkNamespace is { } network
                        ? [new NamespaceSpecification("network", network)]
                        : Array.Empty<NamespaceSpecification>(),
                    .. pod.UtsNamespace is { } uts ? [new NamespaceSpecification("uts", uts)] : Array.Empty<NamespaceSpecification>(),
                    .. unifiedCgroups && !privileged ? [new NamespaceSpecification("cgroup")] : Array.Empty<NamespaceSpecification>(),
                ],
                CgroupsPath = cgroup,
                Resources = ResourcesOf(spec.Limits, privileged),
                MaskedPaths = privileged ? [] : MaskedPaths,
                ReadonlyPaths = privileged ? [] : ReadOnlyPaths,
                Seccomp = privileged ? null : seccomp,
                RootfsPropagation = RootPropagation(spec.Mounts),
            },
            Annotations = privileged || seccompBytecode is null ? null : new() { ["run.oci.seccomp_bpf_data"] = seccompBytecode },
        };
    }

    /// <summary>The command and arguments, combined with the image's entrypoint and arguments by the Kubernetes rules.</summary>
    /// <exception cref="RuntimeException">Neither the image nor the pod specifies a command.</exception>
    public static IReadOnlyList<string> Arguments(ContainerSpec spec, ImageProcess image)
    {
        IReadOnlyList<string> arguments =
            spec.Command.Count > 0
                ? [.. spec.Command, .. spec.Args]
                : [.. image.Entrypoint ?? [], .. spec.Args.Count > 0 ? spec.Args : image.Cmd ?? []];
        return arguments.Count > 0
            ? arguments
            : throw new RuntimeException("CreateContainerError", "no command specified: neither the image nor the container names one");
    }

    /// <summary>
    /// The environment variables (<c>NAME=value</c>): those of the image, overridden by those of the pod, and the defaults that programs
    /// expect, such as PATH, HOSTNAME and HOME.
    /// </summary>
    public static List<string> Environment(ContainerSpec spec, ImageProcess image, string home, string hostname)
    {
        var variables = new List<string>();
        Set(DefaultPath);
        Set("HOSTNAME=" + hostname);
        foreach (var variable in image.Env ?? [])
        {
            Set(variable);
        }
        foreach (var (name, value) in spec.Environment)
        {
            Set($"{name}={value}");
        }
        if (spec.Tty && !variables.Exists(v => v.StartsWith("TERM=", StringComparison.Ordinal)))
        {
            Set("TERM=xterm");
        }
        if (!variables.Exists(v => v.StartsWith("HOME=", StringComparison.Ordinal)))
        {
            Set("HOME=" + home);
        }
        return variables;

        void Set(string variable)
        {
            var name = variable.AsSpan(0, variable.IndexOf('=') + 1);
            for (var i = 0; i < variables.Count; i++)
            {
                if (variables[i].AsSpan().StartsWith(name))
                {
                    variables[i] = variable;
                    return;
                }
            }
            variables.Add(variable);
        }
    }

    private static List<MountSpecification> MountsOf(ContainerSpec spec, PodFiles pod, bool privileged)
    {
        var system = privileged ? "rw" : "ro";
        var mounts = new List<MountSpecification> { new("/proc", "proc", "proc", ["nosuid", "noexec", "nodev"]) };
        if (privileged)
        {
            // Privileged containers have access to the node's devices.
            mounts.Add(new("/dev", "bind", "/dev", ["rbind", "rw", "nosuid", "noexec"]));
        }
        else
        {
            mounts.Add(new("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]));
            mounts.Add(new("/dev/pts", "devpts", "devpts", ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]));
            mounts.Add(new("/dev/mqueue", "mqueue", "mqueue", ["nosuid", "noexec", "nodev"]));
        }
        mounts.Add(new("/dev/shm", "bind", pod.SharedMemory, ["rbind", "rw", "nosuid", "noexec", "nodev"]));
        mounts.Add(new("/sys", "sysfs", "sysfs", ["nosuid", "noexec", "nodev", system]));
        mounts.Add(new("/sys/fs/cgroup", "cgroup", "cgroup", ["nosuid", "noexec", "nodev", "relatime", system]));
        var writable = spec.Security.ReadOnlyRootFilesystem ? "ro" : "rw";
        foreach (
            var (path, source) in ((string, string)[])
                [("/etc/hosts", pod.Hosts), ("/etc/hostname", pod.Hostname), ("/etc/resolv.conf", pod.ResolvConf)]
        )
        {
            if (!spec.Mounts.Any(m => m.ContainerPath == path))
            {
                mounts.Add(new(path, "bind", source, ["rbind", "rprivate", writable]));
            }
        }
        // Mount shallow paths first, so that no mount hides another one below it.
        foreach (var mount in spec.Mounts.OrderBy(m => m.ContainerPath.Count(c => c == '/')))
        {
            mounts.RemoveAll(m => m.Destination == mount.ContainerPath);
            mounts.Add(new(mount.ContainerPath, "bind", mount.HostPath, OptionsOf(mount)));
        }
        return mounts;
    }

    private static string[] OptionsOf(Mount mount) =>
        [
            "rbind",
            mount.Propagation switch
            {
                MountPropagation.HostToContainer => "rslave",
                MountPropagation.Bidirectional => "rshared",
                _ => "rprivate",
            },
            !mount.ReadOnly ? "rw"
            : mount.RecursiveReadOnly ? "rro"
            : "ro",
            .. mount.NoExecute ? ["noexec", "nosuid", "nodev"] : Array.Empty<string>(),
        ];

    // A mount propagates only if the container's root does not cut it off from the node's mounts.
    private static string? RootPropagation(IReadOnlyList<Mount> mounts) =>
        mounts.Any(m => m.Propagation == MountPropagation.Bidirectional) ? "rshared"
        : mounts.Any(m => m.Propagation == MountPropagation.HostToContainer) ? "rslave"
        : null;

    private static ResourceSpecification ResourcesOf(ResourceLimits limits, bool privileged) =>
        new()
        {
            Devices = privileged ? [new DeviceRule(true, "rwm")] : DefaultDevices,
            Cpu =
                limits.MilliCpu > 0 || limits.MilliCpuRequest > 0
                    ? new(
                        limits.MilliCpuRequest > 0 ? Cgroups.SharesOf(limits.MilliCpuRequest) : null,
                        limits.MilliCpu > 0 ? Cgroups.QuotaOf(limits.MilliCpu) : null,
                        limits.MilliCpu > 0 ? 100_000 : null
                    )
                    : null,
            Memory = limits.Memory > 0 ? new(limits.Memory) : null,
            Pids = limits.Pids > 0 ? new(limits.Pids) : null,
        };
}
