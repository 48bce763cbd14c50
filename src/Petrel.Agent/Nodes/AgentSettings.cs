namespace Petrel.Agent.Nodes;

/// <summary>The configuration of an agent: the identity and capacity of its node, and its intervals.</summary>
public sealed record AgentSettings
{
    public required string NodeName { get; init; }

    /// <summary>The node's address, as reported in the Node object.</summary>
    public required string NodeAddress { get; init; }

    /// <summary>The port of the agent's HTTPS server.</summary>
    public int Port { get; init; } = 10250;

    /// <summary>The node's range of pod addresses (CIDR). Empty when pods share the host's address.</summary>
    public string PodCidr { get; init; } = "";

    /// <summary>CPU of the node in thousandths of a core.</summary>
    public long MilliCpu { get; init; } = 2000;

    /// <summary>Memory of the node in bytes.</summary>
    public long Memory { get; init; } = 4L << 30;

    /// <summary>The maximum number of pods (upstream: 110).</summary>
    public int MaxPods { get; init; } = 110;

    /// <summary>
    /// The maximum number of processes and threads of a pod (upstream: podPidsLimit, which is unlimited by default). Zero means unlimited.
    /// </summary>
    public long PodPidsLimit { get; init; } = 4096;

    /// <summary>The DNS servers of the cluster. Empty while the cluster has none.</summary>
    public IReadOnlyList<string> ClusterDns { get; init; } = [];

    /// <summary>The cluster's DNS domain.</summary>
    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>Ephemeral storage in bytes.</summary>
    public long EphemeralStorage { get; init; } = 10L << 30;

    public string OsImage { get; init; } = "Linux";
    public string KernelVersion { get; init; } = "";
    public string Architecture { get; init; } = "amd64";
    public string MachineId { get; init; } = "";
    public string BootId { get; init; } = "";

    /// <summary>How long a lease is valid (upstream: 40 s).</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>How often the lease is renewed (upstream: 10 s).</summary>
    public TimeSpan LeaseRenewInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often an unchanged node status is reported (upstream: 5 min).</summary>
    public TimeSpan NodeStatusInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often a pod is synced even without an event (upstream: 1 min).</summary>
    public TimeSpan ResyncInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>The initial and maximum back-off before an exited container is restarted (upstream: 10 s, doubling to 5 min).</summary>
    public TimeSpan BackOffBase { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan BackOffLimit { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>The maximum time for pods to terminate when the node is shut down, regardless of their grace period.</summary>
    public TimeSpan ShutdownGrace { get; init; } = TimeSpan.FromSeconds(10);
}
