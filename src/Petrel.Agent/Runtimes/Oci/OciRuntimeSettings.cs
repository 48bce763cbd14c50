namespace Petrel.Agent.Runtimes.Oci;

/// <summary>The settings of the <c>oci</c> runtime: its state directory and the programs that it uses.</summary>
public sealed record OciRuntimeSettings
{
    /// <summary>
    /// The directory of this node's records, writable layers and pinned namespaces. Its file system must support overlayfs upper
    /// directories (ext4, xfs, btrfs, tmpfs).
    /// </summary>
    public required string StateDirectory { get; init; }

    /// <summary>
    /// The parent cgroup of the node's pods, as a path from the root of each hierarchy. It must be unique on the machine.
    /// </summary>
    public required string CgroupParent { get; init; }

    /// <summary>The path of the low-level runtime. Null selects crun if it is installed, otherwise runc.</summary>
    public string? RuntimePath { get; init; }

    /// <summary>
    /// The seccomp profile of containers that name no other one (RuntimeDefault), in the format of the containers project.
    /// </summary>
    public string SeccompProfile { get; init; } = "/usr/share/containers/seccomp.json";

    /// <summary>The directory of the node's own seccomp profiles (Localhost), as upstream's.</summary>
    public string SeccompProfiles { get; init; } = "/var/lib/kubelet/seccomp";

    /// <summary>The size of a pod's shared memory (<c>/dev/shm</c>) in bytes.</summary>
    public long SharedMemory { get; init; } = 64 << 20;
}
