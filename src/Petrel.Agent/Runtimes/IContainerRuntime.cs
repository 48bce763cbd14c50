using Petrel.Network.Pods;

namespace Petrel.Agent.Runtimes;

/// <summary>
/// Runs pods on a node. The vocabulary is that of the Container Runtime Interface (CRI v1): a pod is a sandbox (its shared
/// namespaces, address and cgroup) and containers in it. Implementations: <c>oci</c> (crun or runc under conmon), <c>process</c>
/// (plain child processes), <c>simulated</c>. All state survives the agent: a new instance over the same directories lists and
/// controls what an earlier one started. Every method is idempotent and throws <see cref="RuntimeException"/> with a message
/// for the user when the runtime refuses.
/// </summary>
public interface IContainerRuntime
{
    /// <summary>Name, version and abilities, as the node reports them.</summary>
    RuntimeInfo Info { get; }

    /// <summary>
    /// Called by the runtime whenever a container of this node changed state by itself (it exited). The argument is the pod's uid.
    /// Set once, before <see cref="StartAsync"/>. May be called from any context; must return quickly.
    /// </summary>
    Action<string>? PodChanged { get; set; }

    /// <summary>Finds sandboxes and containers that exist already, and begins to watch them. Call once before anything else.</summary>
    ValueTask StartAsync(CancellationToken cancellationToken);

    /// <summary>Creates and starts a sandbox. Returns its id, and its addresses (empty for host network without isolation).</summary>
    ValueTask<SandboxStatus> RunSandboxAsync(SandboxSpec spec, CancellationToken cancellationToken);

    /// <summary>Stops every container of the sandbox at once (SIGKILL) and releases its network.</summary>
    ValueTask StopSandboxAsync(string sandboxId, CancellationToken cancellationToken);

    /// <summary>Stops the sandbox if it runs, and removes it with all its containers. Logs stay: they belong to the agent.</summary>
    ValueTask RemoveSandboxAsync(string sandboxId, CancellationToken cancellationToken);

    /// <summary>All sandboxes of the node, in creation order.</summary>
    ValueTask<IReadOnlyList<SandboxStatus>> ListSandboxesAsync(CancellationToken cancellationToken);

    /// <summary>
    /// The sandboxes and containers of one pod, each in creation order; empty lists when there are none. Costs what the pod has, however
    /// many pods the node runs.
    /// </summary>
    ValueTask<PodRuntimeStatus> GetPodStatusAsync(string podUid, CancellationToken cancellationToken);

    /// <summary>Creates a container, not yet running, and returns its id. Its image must be present.</summary>
    ValueTask<string> CreateContainerAsync(string sandboxId, ContainerSpec spec, CancellationToken cancellationToken);

    ValueTask StartContainerAsync(string containerId, CancellationToken cancellationToken);

    /// <summary>
    /// Sends the container's stop signal (SIGTERM), and after <paramref name="grace"/> SIGKILL; returns when it has exited.
    /// </summary>
    ValueTask StopContainerAsync(string containerId, TimeSpan grace, CancellationToken cancellationToken);

    ValueTask RemoveContainerAsync(string containerId, CancellationToken cancellationToken);

    /// <summary>All containers of the node, in creation order, exited ones too until they are removed.</summary>
    ValueTask<IReadOnlyList<ContainerStatus>> ListContainersAsync(CancellationToken cancellationToken);

    /// <summary>
    /// The resource usage of each running container. One that can't be measured, because it has just exited, is left out.
    /// </summary>
    ValueTask<IReadOnlyList<ContainerUsage>> ReadUsageAsync(CancellationToken cancellationToken);

    /// <summary>Runs a command inside a running container and waits for its exit, at most <paramref name="timeout"/>.</summary>
    /// <exception cref="TimeoutException">It did not exit in time and was killed.</exception>
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

    ValueTask<IReadOnlyList<ImageStatus>> ListImagesAsync(CancellationToken cancellationToken);
}

/// <param name="Name"><c>oci</c>, <c>process</c> or <c>simulated</c>; with <paramref name="Version"/> it is the node's
/// <c>containerRuntimeVersion</c>.</param>
/// <param name="Version">For example <c>crun-1.8.1</c>.</param>
/// <param name="Isolated">Whether containers have their own file system, namespaces and limits.</param>
public sealed record RuntimeInfo(string Name, string Version, bool Isolated);

/// <summary>What the runtime needs to know of a pod to create its sandbox.</summary>
public sealed record SandboxSpec
{
    public required string PodNamespace { get; init; }
    public required string PodName { get; init; }
    public required string PodUid { get; init; }

    /// <summary>How often a sandbox was created for the pod before, from 0.</summary>
    public int Attempt { get; init; }

    public required string Hostname { get; init; }
    public bool HostNetwork { get; init; }

    /// <summary>Pod-wide limits: the sum over its containers (0: none).</summary>
    public ResourceLimits Limits { get; init; } = new();

    /// <summary>Ports of the node that lead to the pod.</summary>
    public IReadOnlyList<PortMapping> HostPorts { get; init; } = [];
}

/// <summary>Limits in the kernel's units; 0 means unlimited.</summary>
public sealed record ResourceLimits
{
    /// <summary>CPU limit in thousandths of a core.</summary>
    public long MilliCpu { get; init; }

    /// <summary>CPU request in thousandths of a core: the weight under contention.</summary>
    public long MilliCpuRequest { get; init; }

    /// <summary>Bytes.</summary>
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

    /// <summary>How often this container of the pod was created before (0 for the first): the restart count.</summary>
    public int Attempt { get; init; }

    public required string Image { get; init; }

    /// <summary>Replaces the image's entrypoint when not empty.</summary>
    public IReadOnlyList<string> Command { get; init; } = [];

    /// <summary>Replaces the image's arguments when not empty (or when <see cref="Command"/> is given).</summary>
    public IReadOnlyList<string> Args { get; init; } = [];

    public string WorkingDirectory { get; init; } = "";

    /// <summary>In order; overrides the image's variables of the same name.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    public IReadOnlyList<Mount> Mounts { get; init; } = [];
    public ResourceLimits Limits { get; init; } = new();

    /// <summary>
    /// Absolute path of the log file, in CRI format: <c>RFC3339Nano stream F|P text</c> per line (F: full, P: partial). Its folder exists.
    /// </summary>
    public required string LogPath { get; init; }

    public bool Stdin { get; init; }
    public bool Tty { get; init; }
    public ContainerSecurity Security { get; init; } = new();
}

/// <summary>A host path that is mounted into the container.</summary>
public sealed record Mount(string HostPath, string ContainerPath, bool ReadOnly);

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
}

/// <summary>What a runtime has of one pod.</summary>
/// <param name="Sandboxes">Its sandboxes in creation order.</param>
/// <param name="Containers">Its containers in creation order, exited ones too until they are removed.</param>
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

    /// <summary>The exit code; 128 + N when a signal N ended it.</summary>
    public int? ExitCode { get; init; }

    /// <summary><c>OOMKilled</c>, <c>Completed</c> or <c>Error</c> once exited.</summary>
    public string Reason { get; init; } = "";

    public string LogPath { get; init; } = "";
}

public sealed record ExecResult(int ExitCode, byte[] Output, byte[] ErrorOutput);

/// <summary>An image in the node's store.</summary>
/// <param name="Id">The config digest, <c>sha256:…</c>.</param>
/// <param name="References">Its fully qualified names.</param>
/// <param name="SizeBytes">Compressed size of its blobs.</param>
/// <param name="User">The image's user, as in its config (<c>1000</c>, <c>nginx</c>), or empty.</param>
public sealed record ImageStatus(string Id, IReadOnlyList<string> References, long SizeBytes, string User);

/// <summary>
/// The runtime refused; <see cref="Reason"/> is the pod-visible reason (<c>ErrImagePull</c>, <c>CreateContainerError</c>,
/// <c>RunContainerError</c>, <c>InvalidImageName</c>, …).
/// </summary>
public sealed class RuntimeException(string reason, string message, Exception? inner = null) : Exception(message, inner)
{
    public string Reason { get; } = reason;
}
