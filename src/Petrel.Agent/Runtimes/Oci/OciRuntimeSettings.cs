namespace Petrel.Agent.Runtimes.Oci;

/// <summary>Where the <c>oci</c> runtime keeps its state, and which programs it uses.</summary>
public sealed record OciRuntimeSettings
{
    /// <summary>
    /// The node's own directory: records, writable layers, pinned namespaces. Overlayfs must be able to write there (ext4, xfs, btrfs,
    /// tmpfs).
    /// </summary>
    public required string StateDirectory { get; init; }

    /// <summary>The cgroup under which the node's pods live, unique on the machine, from the root of each hierarchy.</summary>
    public required string CgroupParent { get; init; }

    /// <summary>The low-level runtime; null takes crun where it is installed, else runc.</summary>
    public string? RuntimePath { get; init; }

    /// <summary>
    /// The seccomp profile of unprivileged containers, in the format of the containers project; not applied when the file is absent.
    /// </summary>
    public string SeccompProfile { get; init; } = "/usr/share/containers/seccomp.json";

    /// <summary>DNS servers of pods; none until the cluster has its own.</summary>
    public IReadOnlyList<string> Nameservers { get; init; } = [];

    /// <summary>The cluster's DNS domain.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>Size of a pod's shared memory (<c>/dev/shm</c>), bytes.</summary>
    public long SharedMemory { get; init; } = 64 << 20;
}
