using Petrel.Network.Pods;

namespace Petrel.Agent.Runtimes;

/// <summary>
/// Runs pods on a node. The vocabulary is that of the Container Runtime Interface (CRI v1): a pod consists of a sandbox (the shared
/// namespaces, address and cgroup) and the containers in it. Implementations: <c>oci</c> (crun or runc under conmon), <c>process</c> (plain
/// child processes), <c>simulated</c>. All state survives the agent: a new instance with the same directories lists and controls the pods
/// that an earlier instance started. Every method is idempotent. On failure, methods throw a <see cref="RuntimeException"/> with a message
/// for the user.
/// </summary>
public interface IContainerRuntime
{
    /// <summary>The name, version and isolation of the runtime, as the node reports them.</summary>
    RuntimeInfo Info { get; }

    /// <summary>
    /// Called by the runtime whenever a container of this node exits. The argument is the pod's uid. Set it once, before <see
    /// cref="StartAsync"/>. It may be called on any thread and must return quickly.
    /// </summary>
    Action<string>? PodChanged { get; set; }

    /// <summary>Finds existing sandboxes and containers, and starts to watch them. Call this once, before any other method.</summary>
    ValueTask StartAsync(CancellationToken cancellationToken);

    /// <summary>Creates and starts a sandbox. Returns its id, and its addresses (empty for host network without isolation).</summary>
    ValueTask<SandboxStatus> RunSandboxAsync(SandboxSpec spec, CancellationToken cancellationToken);

    /// <summary>Kills every container of the sandbox (SIGKILL) and releases the sandbox's network.</summary>
    ValueTask StopSandboxAsync(string sandboxId, CancellationToken cancellationToken);

    /// <summary>
    /// Stops the sandbox if it is running, and removes it with all its containers. Does not remove logs, because the agent manages them.
    /// </summary>
    ValueTask RemoveSandboxAsync(string sandboxId, CancellationToken cancellationToken);

    /// <summary>All sandboxes of the node, in creation order.</summary>
    ValueTask<IReadOnlyList<SandboxStatus>> ListSandboxesAsync(CancellationToken cancellationToken);

    /// <summary>
    /// The sandboxes and containers of one pod, each in creation order; empty lists when there are none. The cost depends only on the size
    /// of this pod, not on the number of pods on the node.
    /// </summary>
    ValueTask<PodRuntimeStatus> GetPodStatusAsync(string podUid, CancellationToken cancellationToken);

    /// <summary>Creates a container without starting it, and returns its id. Its image must be present.</summary>
    ValueTask<string> CreateContainerAsync(string sandboxId, ContainerSpec spec, CancellationToken cancellationToken);

    ValueTask StartContainerAsync(string containerId, CancellationToken cancellationToken);

    /// <summary>
    /// Sends the container's stop signal (SIGTERM), and SIGKILL after <paramref name="grace"/>. Returns when the container has exited.
    /// </summary>
    ValueTask StopContainerAsync(string containerId, TimeSpan grace, CancellationToken cancellationToken);

    ValueTask RemoveContainerAsync(string containerId, CancellationToken cancellationToken);

    /// <summary>All containers of the node in creation order, including exited containers until they are removed.</summary>
    ValueTask<IReadOnlyList<ContainerStatus>> ListContainersAsync(CancellationToken cancellationToken);

    /// <summary>
    /// The resource usage of each running container. Containers that can't be measured, because they have just exited, are omitted.
    /// </summary>
    ValueTask<IReadOnlyList<ContainerUsage>> ReadUsageAsync(CancellationToken cancellationToken);

    /// <summary>Runs a command inside a running container and waits for its exit, at most <paramref name="timeout"/>.</summary>
    /// <exception cref="TimeoutException">The command did not exit in time and was killed.</exception>
    ValueTask<ExecResult> ExecAsync(
        string containerId,
        IReadOnlyList<string> command,
        TimeSpan timeout,
        CancellationToken cancellationToken
    );

    /// <summary>The image in the node's store that a reference names, or null when it is absent.</summary>
    ValueTask<ImageStatus?> FindImageAsync(string reference, CancellationToken cancellationToken);

    /// <summary>Pulls an image into the node's store.</summary>
    ValueTask<ImageStatus> PullImageAsync(string reference, CancellationToken cancellationToken);

    /// <summary>
    /// Makes the files of an image appear, read-only if the runtime can mount, in an empty directory that only the agent controls. The
    /// image must be present. Does nothing when they are there already.
    /// </summary>
    ValueTask MountImageAsync(string reference, string directory, CancellationToken cancellationToken);

    ValueTask<IReadOnlyList<ImageStatus>> ListImagesAsync(CancellationToken cancellationToken);
}

/// <param name="Name"><c>oci</c>, <c>process</c> or <c>simulated</c>; with <paramref name="Version"/> it is the node's
/// <c>containerRuntimeVersion</c>.</param>
/// <param name="Version">The version of the runtime, for example <c>crun-1.8.1</c>.</param>
/// <param name="Isolated">Whether containers have their own file system, namespaces and limits.</param>
public sealed record RuntimeInfo(string Name, string Version, bool Isolated);

/// <summary>The properties of a pod that the runtime needs to create its sandbox.</summary>
public sealed record SandboxSpec
{
    public required string PodNamespace { get; init; }
    public required string PodName { get; init; }
    public required string PodUid { get; init; }

    /// <summary>How often a sandbox was created for the pod before (0 for the first).</summary>
    public int Attempt { get; init; }

    public required string Hostname { get; init; }

    /// <summary>The fully qualified name of the pod in <c>/etc/hosts</c>; empty for none.</summary>
    public string FullName { get; init; } = "";

    /// <summary>The name beside <see cref="FullName"/> in <c>/etc/hosts</c>; empty for the hostname.</summary>
    public string ShortName { get; init; } = "";

    public bool HostNetwork { get; init; }

    /// <summary>Whether the containers see the node's processes.</summary>
    public bool HostPid { get; init; }

    /// <summary>Whether the containers share the node's System V IPC, message queues and shared memory.</summary>
    public bool HostIpc { get; init; }

    /// <summary>Further lines of <c>/etc/hosts</c>.</summary>
    public IReadOnlyList<HostEntry> HostEntries { get; init; } = [];

    /// <summary>The content of <c>/etc/resolv.conf</c>. Null for the node's own file.</summary>
    public ResolverConfig? Resolver { get; init; } = new();

    /// <summary>Pod-level limits: the sums over the pod's containers (0 means unlimited).</summary>
    public ResourceLimits Limits { get; init; } = new();

    /// <summary>Host ports that are forwarded to the pod.</summary>
    public IReadOnlyList<PortMapping> HostPorts { get; init; } = [];
}

/// <summary>A line of <c>/etc/hosts</c>.</summary>
public sealed record HostEntry(string Address, IReadOnlyList<string> Names);

/// <summary>Limits in the kernel's units; 0 means unlimited.</summary>
public sealed record ResourceLimits
{
    /// <summary>CPU limit in thousandths of a core.</summary>
    public long MilliCpu { get; init; }

    /// <summary>CPU request in thousandths of a core. It determines the weight under contention.</summary>
    public long MilliCpuRequest { get; init; }

    /// <summary>Memory limit in bytes.</summary>
    public long Memory { get; init; }

    public long Pids { get; init; }
}

public enum SandboxState
{
    Ready,
    NotReady,
}

public sealed record SandboxStatus
{
    public required string Id { get; init; }
    public required string PodNamespace { get; init; }
    public required string PodName { get; init; }
    public required string PodUid { get; init; }
    public int Attempt { get; init; }
    public SandboxState State { get; init; }
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>The pod's addresses, the primary one first.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];
}

public sealed record ContainerSpec
{
    public required string Name { get; init; }

    /// <summary>The restart count: how often this container of the pod was created before (0 for the first).</summary>
    public int Attempt { get; init; }

    public required string Image { get; init; }

    /// <summary>Replaces the image's entrypoint if it is not empty.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Replaces the image's arguments if it is not empty, or if <see cref="Command"/> is given.</summary>
    public IReadOnlyList<string> Args { get; init; } = [];

    public string WorkingDirectory { get; init; } = "";

    /// <summary>The environment variables, in order. They override variables of the image with the same name.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    public IReadOnlyList<Mount> Mounts { get; init; } = [];
    public ResourceLimits Limits { get; init; } = new();

    /// <summary>
    /// Absolute path of the log file, in CRI format: <c>RFC3339Nano stream F|P text</c> per line (F: full, P: partial). Its directory
    /// exists.
    /// </summary>
    public required string LogPath { get; init; }

    public bool Stdin { get; init; }
    public bool Tty { get; init; }
    public ContainerSecurity Security { get; init; } = new();
}

/// <summary>A host path that is mounted into the container.</summary>
public sealed record Mount(string HostPath, string ContainerPath, bool ReadOnly)
{
    /// <summary>Whether mounts below the path that are made later appear on the other side.</summary>
    public MountPropagation Propagation { get; init; }

    /// <summary>Whether mounts below the path are read-only too. Only for a read-only mount.</summary>
    public bool RecursiveReadOnly { get; init; }

    /// <summary>Whether programs in the path can't be run.</summary>
    public bool NoExecute { get; init; }
}

/// <summary>To which side new mounts propagate.</summary>
public enum MountPropagation
{
    None,
    HostToContainer,
    Bidirectional,
}

/// <summary>The container's securityContext merged with the pod's.</summary>
public sealed record ContainerSecurity
{
    public long? RunAsUser { get; init; }
    public long? RunAsGroup { get; init; }
    public bool RunAsNonRoot { get; init; }
    public IReadOnlyList<long> SupplementalGroups { get; init; } = [];
    public bool Privileged { get; init; }
    public bool ReadOnlyRootFilesystem { get; init; }
    public bool NoNewPrivileges { get; init; }
    public IReadOnlyList<string> AddCapabilities { get; init; } = [];
    public IReadOnlyList<string> DropCapabilities { get; init; } = [];

    /// <summary>The system calls that the container may use.</summary>
    public SeccompSetting Seccomp { get; init; } = SeccompSetting.Default;
}

/// <summary>Which seccomp profile a container has.</summary>
/// <param name="Type"><c>RuntimeDefault</c>, <c>Unconfined</c> or <c>Localhost</c>.</param>
/// <param name="LocalhostProfile">The file of a Localhost profile, relative to the node's directory of profiles.</param>
public sealed record SeccompSetting(string Type, string LocalhostProfile = "")
{
    public const string RuntimeDefault = "RuntimeDefault";
    public const string Unconfined = "Unconfined";
    public const string Localhost = "Localhost";

    public static SeccompSetting Default { get; } = new(RuntimeDefault);
}

/// <summary>The sandboxes and containers of one pod.</summary>
/// <param name="Sandboxes">The pod's sandboxes in creation order.</param>
/// <param name="Containers">The pod's containers in creation order, including exited containers until they are removed.</param>
public sealed record PodRuntimeStatus(IReadOnlyList<SandboxStatus> Sandboxes, IReadOnlyList<ContainerStatus> Containers);

public enum ContainerState
{
    Created,
    Running,
    Exited,
}

public sealed record ContainerStatus
{
    public required string Id { get; init; }
    public required string SandboxId { get; init; }
    public required string PodUid { get; init; }
    public required string Name { get; init; }
    public int Attempt { get; init; }
    public required string Image { get; init; }

    /// <summary>The image's digest reference as the pod's <c>imageID</c> shows it.</summary>
    public string ImageId { get; init; } = "";

    public ContainerState State { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
    public DateTimeOffset? StartedAt { get; init; }
    public DateTimeOffset? FinishedAt { get; init; }

    /// <summary>The exit code, or 128 + N when signal N killed the program.</summary>
    public int? ExitCode { get; init; }

    /// <summary><c>OOMKilled</c>, <c>Completed</c> or <c>Error</c> once exited.</summary>
    public string Reason { get; init; } = "";

    public string LogPath { get; init; } = "";
}

public sealed record ExecResult(int ExitCode, byte[] Output, byte[] ErrorOutput);

/// <summary>An image in the node's store.</summary>
/// <param name="Id">The config digest, <c>sha256:…</c>.</param>
/// <param name="References">The image's fully qualified names.</param>
/// <param name="SizeBytes">The compressed size of the image's blobs.</param>
/// <param name="User">The image's user, as in its config (<c>1000</c>, <c>nginx</c>), or empty.</param>
public sealed record ImageStatus(string Id, IReadOnlyList<string> References, long SizeBytes, string User);

/// <summary>
/// An operation of the runtime failed. <see cref="Reason"/> is the reason as shown in the pod's status (<c>ErrImagePull</c>,
/// <c>CreateContainerError</c>, <c>RunContainerError</c>, <c>InvalidImageName</c>, …).
/// </summary>
public sealed class RuntimeException(string reason, string message, Exception? inner = null) : Exception(message, inner)
{
    public string Reason { get; } = reason;
}
