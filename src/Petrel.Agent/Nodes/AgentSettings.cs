namespace Petrel.Agent.Nodes;

/// <summary>What an agent is told about its node.</summary>
public sealed record AgentSettings
{
    public required string NodeName { get; init; }

    /// <summary>The node's own address, as its Node object shows it.</summary>
    public required string NodeAddress { get; init; }

    /// <summary>The port of the agent's own server.</summary>
    public int Port { get; init; } = 10250;

    /// <summary>The node's range of pod addresses, or empty when pods share the host's.</summary>
    public string PodCidr { get; init; } = "";

    /// <summary>CPU of the node in thousandths of a core.</summary>
    public long MilliCpu { get; init; } = 2000;

    /// <summary>Memory of the node in bytes.</summary>
    public long Memory { get; init; } = 4L << 30;

    /// <summary>How many pods the node takes (upstream: 110).</summary>
    public int MaxPods { get; init; } = 110;

    /// <summary>Ephemeral storage in bytes.</summary>
    public long EphemeralStorage { get; init; } = 10L << 30;

    public string OsImage { get; init; } = "Linux";
    public string KernelVersion { get; init; } = "";
    public string Architecture { get; init; } = "amd64";
    public string MachineId { get; init; } = "";
    public string BootId { get; init; } = "";

    /// <summary>How long a lease is good for (upstream: 40 s).</summary>
    public TimeSpan LeaseDuration { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>How often the lease is renewed (upstream: 10 s).</summary>
    public TimeSpan LeaseRenewInterval { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How often an unchanged node status is sent all the same (upstream: 5 min).</summary>
    public TimeSpan NodeStatusInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>How often a pod is looked at even when nothing seems to have happened (upstream: 1 min).</summary>
    public TimeSpan ResyncInterval { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>First and longest delay before a container that ended is started again (upstream: 10 s doubling to 5 min).</summary>
    public TimeSpan BackOffBase { get; init; } = TimeSpan.FromSeconds(10);

    public TimeSpan BackOffLimit { get; init; } = TimeSpan.FromSeconds(300);

    /// <summary>A shut-down node's pods end within this, whatever grace they have.</summary>
    public TimeSpan ShutdownGrace { get; init; } = TimeSpan.FromSeconds(10);
}
