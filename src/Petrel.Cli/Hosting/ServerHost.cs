using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Petrel.ApiServer;
using Petrel.ApiServer.Admission.Webhooks;
using Petrel.ApiServer.Composition;
using Petrel.ApiServer.Kinds;
using Petrel.Client;
using Petrel.Controllers.Composition;
using Petrel.Controllers.Configuration;
using Petrel.Hosting.Connectors;
using Petrel.Hosting.Front;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Connections;
using Petrel.LocalCluster.Networking;
using Petrel.LocalCluster.Supervision;
using Petrel.Model.Api;
using Petrel.Model.Documents;
using Petrel.Model.Metrics;
using Petrel.Scheduler;
using Petrel.Scheduler.Decisions;
using Petrel.Scheduler.Settings;
using Petrel.Security;
using Petrel.Security.Tokens;

namespace Petrel.Cli.Hosting;

/// <summary>Hosts the server process of a cluster: store, API, controllers and scheduler. Runs until it is asked to stop.</summary>
internal static class ServerHost
{
    public static async Task<int> RunAsync(ClusterDirectory directory, ClusterSettings settings)
    {
        using var stop = new StopSignals();
        using var logs = LineLogging.Create();
        var authority = ClusterAuthority.Open(directory.Pki, TimeProvider.System);
        using var authorityCertificate = X509Certificate2.CreateFromPem(authority.CertificatePem);
        using var serverCertificate = authority.Issue(ClusterCertificates.ServerProfile(settings)).ToX509();
        using var nodeClient = authority.Issue(CertificateProfile.ApiServerToNode).ToX509();
        using var nodes = new HttpsNodeConnector(nodeClient, authorityCertificate);
        var tokenKeys = TokenKeyFiles.Open(directory.Pki, TimeProvider.System);
        await using var store = ServerStore.Open(directory, logs);
        var options = new ApiServerOptions
        {
            ServiceCidr = ClusterAddresses.ServiceCidr(settings),
            NotReadyTolerationSeconds = settings.EvictionSeconds,
            UnreachableTolerationSeconds = settings.EvictionSeconds,
            KeepDefaultRoles = true,
            KeepApiServices = true,
            UsageInterval = TimeSpan.FromSeconds(15),
            PublicAddress = ClusterAddresses.ServerForNodes(settings).GetLeftPart(UriPartial.Authority),
            RequireServiceAccounts = true,
            MountServiceAccountTokens = true,
            RootCertificates = authority.CertificatePem,
            BuildDate = File.GetLastWriteTimeUtc(typeof(ApiServerOptions).Assembly.Location).ToTimestamp(),
        };
        using var webhooks = new HttpsWebhookCaller();
        var health = new ComponentHealth();
        // The decisions outlive a scheduler that fails.
        var scheduling = new SchedulerSettings();
        var decisions = new DecisionLog(new DecisionSettings());
        var metrics = new MetricRegistry();
        using var meters = new MeterBridge(metrics);
        var api = new ApiServer.Composition.ApiServer(
            options,
            store,
            BuiltInKinds.Registry,
            TimeProvider.System,
            new SystemEntropy(),
            nodes,
            logs,
            webhooks,
            tokenKeys,
            health,
            new RecordedDecisions(decisions, scheduling),
            metrics
        );
        var addresses = ClusterAddresses.Server(settings).Select(a => new IPEndPoint(a, settings.Port));
        await using var front = new KestrelFront(
            new FrontOptions([.. addresses], serverCertificate, authorityCertificate) { MaxBodyBytes = options.MaxBodyBytes },
            api,
            TimeProvider.System,
            logs
        );

        // Stop the API after its clients in this process, so that it receives their last writes. If the API ends early, stop everything.
        using var apiStop = new CancellationTokenSource();
        using var clientsStop = CancellationTokenSource.CreateLinkedTokenSource(stop.Token);
        var apiLoop = StopWithAsync(api.RunAsync(apiStop.Token), clientsStop);
        try
        {
            await front.StartAsync(stop.Token);
            await Loops.RunTogetherAsync(
                clientsStop.Token,
                token =>
                    RunAgainAsync(
                        "controller-manager",
                        t => Controllers(api, settings, authority.CertificatePem, logs).RunAsync(t),
                        health,
                        logs,
                        token
                    ),
                token => RunAgainAsync("scheduler", t => Scheduler(api, scheduling, decisions, logs).RunAsync(t), health, logs, token),
                token => IdleCollection.RunAsync(TimeProvider.System, token),
                token => IdleCollection.TrimAsync(TimeProvider.System, token)
            );
        }
        finally
        {
            api.AnnounceStop();
            await front.StopAsync();
            await apiStop.CancelAsync();
            await apiLoop;
        }
        return 0;
    }

    private static ControllerManager Controllers(IApiHandler api, ClusterSettings settings, string rootCertificates, ILoggerFactory logs) =>
        new(
            new ApiClient(api, UserInfo.ControlPlane("kube-controller-manager"), "kube-controller-manager"),
            TimeProvider.System,
            new SystemEntropy(),
            new ControllerSettings
            {
                NodeMonitorGracePeriod = TimeSpan.FromSeconds(settings.NodeGraceSeconds),
                RootCertificates = rootCertificates,
                // If nodes share the host's addresses, the only destination that a pod could reach is this machine itself.
                ApiEndpoints = settings.UsesNamespaces ? [new(ClusterAddresses.Server(settings)[^1], settings.Port)] : [],
                ApiServiceAddress = ClusterAddresses.KubernetesService(settings).ToString(),
                NodeMonitorPeriod = TimeSpan.FromSeconds(settings.NodeGraceSeconds / 8),
            },
            logs
        );

    private static PodScheduler Scheduler(IApiHandler api, SchedulerSettings settings, DecisionLog decisions, ILoggerFactory logs) =>
        new(
            new ApiClient(api, UserInfo.ControlPlane("kube-scheduler"), "kube-scheduler"),
            TimeProvider.System,
            new SystemEntropy(),
            settings,
            logs,
            decisions
        );

    // A component that fails is created again and restarted. Its failure never stops the API.
    private static async Task RunAgainAsync(
        string name,
        Func<CancellationToken, Task> run,
        ComponentHealth health,
        ILoggerFactory logs,
        CancellationToken cancellationToken
    )
    {
        var logger = logs.CreateLogger("Petrel.Server");
        var backoff = new RestartBackoff();
        while (!cancellationToken.IsCancellationRequested)
        {
            var start = TimeProvider.System.GetTimestamp();
            try
            {
                health.Runs(name);
                await run(cancellationToken);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                health.Failed(name, e.Message);
                ServerLog.ComponentFailed(logger, e, name);
            }
            await Task.Delay(backoff.After(TimeProvider.System.GetElapsedTime(start)), cancellationToken)
                .ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    private static async Task StopWithAsync(Task loop, CancellationTokenSource others)
    {
        try
        {
            await loop;
        }
        catch (OperationCanceledException)
        {
            // Cancelled.
        }
        finally
        {
            await others.CancelAsync();
        }
    }
}

/// <summary>The log messages of the server process itself.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(EventId = 9001, Level = LogLevel.Error, Message = "The {Component} failed and will be started again")]
    public static partial void ComponentFailed(ILogger logger, Exception exception, string component);
}
