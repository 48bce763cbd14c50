using Microsoft.Extensions.Logging;
using Petrel.Client;
using Petrel.Controllers.Autoscaling;
using Petrel.Controllers.Caching;
using Petrel.Controllers.Configuration;
using Petrel.Controllers.CronJobs;
using Petrel.Controllers.DaemonSets;
using Petrel.Controllers.Deployments;
using Petrel.Controllers.Disruption;
using Petrel.Controllers.Endpoints;
using Petrel.Controllers.Framework;
using Petrel.Controllers.GarbageCollection;
using Petrel.Controllers.Jobs;
using Petrel.Controllers.KubernetesService;
using Petrel.Controllers.Monitoring;
using Petrel.Controllers.Namespaces;
using Petrel.Controllers.Nodes;
using Petrel.Controllers.Quotas;
using Petrel.Controllers.ReplicaSets;
using Petrel.Controllers.ReplicationControllers;
using Petrel.Controllers.ServiceAccounts;
using Petrel.Controllers.StatefulSets;
using Petrel.Model.Determinism;

namespace Petrel.Controllers.Composition;

/// <summary>All controllers of the cluster over one set of caches (upstream: kube-controller-manager).</summary>
public sealed class ControllerManager
{
    private readonly ClusterCaches _caches;
    private readonly KindMonitors _monitors;
    private readonly TimeSpan _discoveryPeriod;
    private readonly IController[] _controllers;

    public ControllerManager(ApiClient client, TimeProvider time, IEntropy entropy, ControllerSettings settings, ILoggerFactory logs)
        : this(client, time, entropy, settings, logs, All) { }

    /// <summary>For tests: runs only the controllers that <paramref name="compose"/> creates.</summary>
    public ControllerManager(
        ApiClient client,
        TimeProvider time,
        IEntropy entropy,
        ControllerSettings settings,
        ILoggerFactory logs,
        Func<ControllerContext, IController[]> compose
    )
    {
        _caches = new(client, time, entropy, logs.CreateLogger("caches"));
        _monitors = new(client, _caches, time, entropy, logs.CreateLogger("kinds"));
        _discoveryPeriod = settings.DiscoveryPeriod;
        _controllers = compose(new(client, _caches, _monitors, time, entropy, settings, logs));
    }

    /// <summary>Runs every controller until cancelled. Fails when one controller fails; a new manager must be started then.</summary>
    public Task RunAsync(CancellationToken cancellationToken) =>
        Loops.RunTogetherAsync(
            cancellationToken,
            [_caches.RunAsync, .. MonitorLoop(), .. _controllers.Select(c => (Func<CancellationToken, Task>)c.RunAsync)]
        );

    private IEnumerable<Func<CancellationToken, Task>> MonitorLoop() =>
        _monitors.HasFollowers ? [stop => _monitors.RunAsync(_discoveryPeriod, stop)] : [];

    private static IController[] All(ControllerContext context) =>
        [
            new GarbageCollector(context),
            new NamespaceController(context),
            new ServiceAccountController(context),
            new RootCertificatePublisher(context),
            new KubernetesServiceController(context),
            new NodeLifecycleController(context),
            new TaintEvictionController(context),
            new PodGarbageCollector(context),
            new DeploymentController(context),
            new ReplicaSetController(context),
            new StatefulSetController(context),
            new DaemonSetController(context),
            new ReplicationManager(context),
            new JobController(context),
            new CronJobController(context),
            new TtlAfterFinishedController(context),
            new HorizontalPodAutoscalerController(context),
            new EndpointsController(context),
            new EndpointSliceController(context),
            new EndpointSliceMirroringController(context),
            new QuotaController(context),
            new DisruptionController(context),
        ];
}
