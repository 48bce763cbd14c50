namespace Petrel.LocalCluster;

/// <summary>How soon a silent node counts as lost, and how soon its pods are replaced then.</summary>
/// <param name="NodeGraceSeconds">Seconds without a heartbeat after which a node becomes NotReady.</param>
/// <param name="LeaseRenewSeconds">The interval of heartbeats.</param>
/// <param name="EvictionSeconds">Default tolerationSeconds of pods for not-ready and unreachable nodes.</param>
public sealed record FailoverPace(double NodeGraceSeconds, double LeaseRenewSeconds, int EvictionSeconds)
{
    /// <summary>The defaults of Kubernetes. A busy machine raises no false alarm.</summary>
    public static FailoverPace Upstream { get; } = new(40, 10, 300);

    /// <summary>
    /// For demonstrations: the pods of a lost node are replaced within half a minute. A busy machine may raise false alarms.
    /// </summary>
    public static FailoverPace Fast { get; } = new(8, 2, 10);
}
