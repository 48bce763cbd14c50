using System.Net;

namespace Petrel.Controllers.Configuration;

/// <summary>Settings of the controllers. The defaults are upstream's.</summary>
public sealed record ControllerSettings
{
    /// <summary>A node whose lease was not renewed for this long gets the status Unknown.</summary>
    public TimeSpan NodeMonitorGracePeriod { get; init; } = TimeSpan.FromSeconds(50);

    /// <summary>How often each node is checked.</summary>
    public TimeSpan NodeMonitorPeriod { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a node must be missing before its pods are deleted.</summary>
    public TimeSpan OrphanedPodQuarantine { get; init; } = TimeSpan.FromSeconds(40);

    /// <summary>How many finished pods are kept before the oldest are deleted.</summary>
    public int TerminatedPodThreshold { get; init; } = 12500;

    /// <summary>How many keys each controller syncs at once.</summary>
    public int Workers { get; init; } = 5;

    /// <summary>How often discovery is read for new kinds.</summary>
    public TimeSpan DiscoveryPeriod { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How long a deleted namespace is left alone before its content is deleted. Requests that were creating objects in it have ended by
    /// then.
    /// </summary>
    public TimeSpan NamespaceDeletionDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often all quotas are counted, even without a change.</summary>
    public TimeSpan QuotaResyncPeriod { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The CA certificates of the API server in PEM, for the ConfigMap <c>kube-root-ca.crt</c> of each namespace; empty for none.
    /// </summary>
    public string RootCertificates { get; init; } = "";

    /// <summary>
    /// The addresses of the API servers as pods reach them, for the Service <c>kubernetes</c>; empty for no such Service.
    /// </summary>
    public IReadOnlyList<IPEndPoint> ApiEndpoints { get; init; } = [];

    /// <summary>Settings of the HorizontalPodAutoscaler controller.</summary>
    public AutoscalerSettings Autoscalers { get; init; } = new();

    /// <summary>The cluster address of the Service <c>kubernetes</c>: by convention, the first address of the service range.</summary>
    public string ApiServiceAddress { get; init; } = "";
}
