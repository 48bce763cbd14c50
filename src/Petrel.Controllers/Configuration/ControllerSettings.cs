using System.Net;

namespace Petrel.Controllers.Configuration;

/// <summary>How the controllers work; the defaults are upstream's.</summary>
public sealed record ControllerSettings
{
    /// <summary>A node whose lease was not renewed for this long is unknown.</summary>
    public TimeSpan NodeMonitorGracePeriod { get; init; } = TimeSpan.FromSeconds(50);

    /// <summary>How often nodes are looked at.</summary>
    public TimeSpan NodeMonitorPeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Pods of a node that does not exist any more are deleted after this time.</summary>
    public TimeSpan OrphanedPodQuarantine { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>How many finished pods are kept before the oldest are deleted.</summary>
    public int TerminatedPodThreshold { get; init; } = 12500;

    /// <summary>How many objects of a kind are worked on at once.</summary>
    public int Workers { get; init; } = 5;

    /// <summary>How often the garbage collector reads which kinds there are.</summary>
    public TimeSpan DiscoveryPeriod { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a namespace that was deleted is left before it is emptied: what was being created in it has arrived then.
    /// </summary>
    public TimeSpan NamespaceDeletionDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often all quotas are counted anew, whatever happened.</summary>
    public TimeSpan QuotaResyncPeriod { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The certificates (PEM) by which pods know the API server, for the ConfigMap <c>kube-root-ca.crt</c> of each namespace; empty for
    /// none.
    /// </summary>
    public string RootCertificates { get; init; } = "";

    /// <summary>Where pods reach the API servers, for the Service <c>kubernetes</c>; empty for no such Service.</summary>
    public IReadOnlyList<IPEndPoint> ApiEndpoints { get; init; } = [];

    /// <summary>How autoscalers decide.</summary>
    public AutoscalerSettings Autoscalers { get; init; } = new();

    /// <summary>The cluster address of the Service <c>kubernetes</c>: by custom the first of the range of services.</summary>
    public string ApiServiceAddress { get; init; } = "";
}
