using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Logging;
using Petrel.Agent;
using Petrel.Agent.Http;
using Petrel.Agent.Images;
using Petrel.Agent.Metrics;
using Petrel.Agent.Nodes;
using Petrel.Agent.Probes;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Runtimes.Oci;
using Petrel.Agent.Runtimes.Processes;
using Petrel.Agent.Volumes;
using Petrel.ApiServer.Composition;
using Petrel.Client;
using Petrel.Client.Http;
using Petrel.Hosting.Front;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Networking;
using Petrel.LocalCluster.Nodes;
using Petrel.LocalCluster.Processes;
using Petrel.Model.Api;
using Petrel.Model.Metrics;
using Petrel.Network.Linux;
using Petrel.Security;

namespace Petrel.Cli.Hosting;

/// <summary>
/// Hosts the agent process of one node: the agent, its HTTPS server for logs, and the node's service proxy. On SIGTERM, the pods keep
/// running for the next agent. On SIGPWR, the agent terminates the pods first.
/// </summary>
internal static class AgentHost
{
    public static async Task<int> RunAsync(ClusterDirectory directory, ClusterSettings cluster, string node, int index)
    {
        using var stop = new StopSignals();
        using var logs = LineLogging.Create();
        var authority = ClusterAuthority.Open(directory.Pki, TimeProvider.System);
        using var authorityCertificate = X509Certificate2.CreateFromPem(authority.CertificatePem);
        using var clientCertificate = authority.Issue(CertificateProfile.NodeClient(node)).ToX509();
        using var serverCertificate = authority.Issue(CertificateProfile.NodeServer(node, ClusterAddresses.Node(cluster, index))).ToX509();
        using var connection = new HttpApiHandler(ClusterAddresses.ServerForNodes(cluster), clientCertificate, authorityCertificate);
        var client = new ApiClient(connection, UserInfo.Node(node), "kubelet");
        var settings = NodeFacts.Settings(cluster, node, index);
        using var images = new ImageStore(directory.Images, new SystemEntropy(), new RegistrySettings(), TimeProvider.System);
        using var containers = cluster.Runtime == "process" ? null : Containers(directory, cluster, node, settings, images, logs);
        using var processes = cluster.Runtime == "process" ? Processes(directory, node, settings, images, logs) : null;
        var metrics = new MetricRegistry();
        using var meters = new MeterBridge(metrics);
        var runtime = new MeasuredRuntime((IContainerRuntime?)containers ?? processes!, TimeProvider.System);
        using var prober = new SocketProber(TimeProvider.System);
        var agent = new NodeAgent(
            settings,
            client,
            runtime,
            new LinuxPodFiles(directory.Node(node)),
            new NoPersistentVolumes(),
            prober,
            TimeProvider.System,
            new SystemEntropy(),
            logs
        );
        var endpoint = new IPEndPoint(IPAddress.Parse(settings.NodeAddress), settings.Port);
        await using var front = new KestrelFront(
            new FrontOptions([endpoint], serverCertificate, authorityCertificate),
            new KubeletApi(runtime, agent.FindPod, TimeProvider.System, new AgentMetrics(node, metrics)),
            TimeProvider.System,
            logs
        );

        List<Func<CancellationToken, Task>> loops =
        [
            agent.RunAsync,
            front.RunAsync,
            token => IdleCollection.TrimAsync(TimeProvider.System, token),
        ];
        if (cluster.Range is { } number)
        {
            loops.Add(
                new ServiceProxy(
                    client,
                    new ClusterRange(number).ServiceCidr,
                    TimeProvider.System,
                    new SystemEntropy(),
                    logs.CreateLogger<ServiceProxy>()
                ).RunAsync
            );
        }
        await Loops.RunTogetherAsync(stop.Token, [.. loops]);
        if (stop.PowersDown)
        {
            await agent.ShutDownAsync(CancellationToken.None);
        }
        return 0;
    }

    private static OciRuntime Containers(
        ClusterDirectory directory,
        ClusterSettings cluster,
        string node,
        AgentSettings settings,
        ImageStore images,
        ILoggerFactory logs
    )
    {
        var state = Path.Combine(directory.Node(node), "oci");
        ContainerLayers.Prepare(Path.Combine(state, "containers"), logs.CreateLogger("Petrel.Agent"));
        return new(
            new OciRuntimeSettings { StateDirectory = state, CgroupParent = NodeCgroups.PathOf(cluster.Range!.Value, node) },
            images,
            new BridgePodNetwork(new("pods0", IPNetwork.Parse(settings.PodCidr), Path.Combine(directory.Node(node), "network"))),
            TimeProvider.System,
            new SystemEntropy(),
            logs.CreateLogger<OciRuntime>()
        );
    }

    private static ProcessRuntime Processes(
        ClusterDirectory directory,
        string node,
        AgentSettings settings,
        ImageStore images,
        ILoggerFactory logs
    ) =>
        new(
            new ProcessRuntimeSettings
            {
                StateDirectory = Path.Combine(directory.Node(node), "processes"),
                NodeAddress = settings.NodeAddress,
                ShimCommand = [Environment.ProcessPath!, ProcessShim.Command],
                Environment = [$"{ProcessTree.Variable}={directory.Node(node)}"],
            },
            images,
            TimeProvider.System,
            new SystemEntropy(),
            logs.CreateLogger<ProcessRuntime>()
        );
}
