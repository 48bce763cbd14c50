using Petrel.Cli.Hosting;
using Petrel.Cli.Output;
using Petrel.Cli.Preflight;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Connections;
using Petrel.LocalCluster.Networking;
using Petrel.LocalCluster.Supervision;

namespace Petrel.Cli.Up;

/// <summary>Creates or resumes a cluster's files on disk: directory, settings, certificates, kubeconfig.</summary>
internal static class ClusterPreparation
{
    private const int FirstAgentPort = 10250;

    /// <exception cref="UserErrorException">The request can't be fulfilled.</exception>
    public static async Task<ClusterSettings> PrepareAsync(
        ClusterDirectory directory,
        UpRequest request,
        CancellationToken cancellationToken
    )
    {
        Check(request);
        var earlier = ClusterSettings.Load(directory);
        if (earlier is not null)
        {
            var supervisor = new Supervisor(directory, earlier, Progress.Say);
            if (supervisor.IsAnythingRunning && KeepsWhatRuns(request, earlier))
            {
                Progress.Say("the cluster runs without a supervisor; taking it over");
                ClusterCertificates.Ensure(directory, earlier);
                return earlier;
            }
            await supervisor.StopAsync(cancellationToken);
            if (request.Fresh)
            {
                directory.DeleteState();
                earlier = null;
            }
            else if (request.AcceptDataLoss && ServerStore.AcceptLoss(directory) is { } accepted)
            {
                Progress.Say(accepted);
            }
        }
        var runtime = request.Runtime ?? earlier?.Runtime ?? (Environment.IsPrivilegedProcess ? "oci" : "process");
        if (runtime == "oci" && !Environment.IsPrivilegedProcess)
        {
            throw new UserErrorException(
                "The oci runtime needs root. Without root use '--runtime process': plain processes, not isolated."
            );
        }
        if (runtime == "oci")
        {
            HostPrograms.Require();
        }
        var port = HostPorts.Require(request.Port ?? earlier?.Port ?? UpRequest.DefaultPort);
        Create(directory);
        var range =
            runtime == "oci" ? (await ClusterRangeClaims.ClaimAsync(directory.Root, earlier?.Range, cancellationToken)).Number : (int?)null;
        var settings = earlier
            ?? new ClusterSettings
            {
                Port = port,
                Nodes = UpRequest.DefaultNodes,
                Runtime = runtime,
            };
        var nodes = request.Nodes ?? settings.Nodes;
        var pace = PaceOf(request, settings);
        settings = settings with
        {
            Range = range,
            Runtime = runtime,
            Nodes = nodes,
            NodeGraceSeconds = pace.NodeGraceSeconds,
            LeaseRenewSeconds = pace.LeaseRenewSeconds,
            EvictionSeconds = pace.EvictionSeconds,
            Port = port,
            AgentPort = range is null && earlier is null ? HostPorts.FindNeighbours(FirstAgentPort, nodes) : settings.AgentPort,
        };
        settings.Save(directory);
        ClusterCertificates.Ensure(directory, settings);
        return settings;
    }

    // Adopt processes that an earlier supervisor left running, unless the request changes the settings that they were started with.
    private static bool KeepsWhatRuns(UpRequest request, ClusterSettings earlier) =>
        !request.Fresh
        && !request.AcceptDataLoss
        && (request.Nodes ?? earlier.Nodes) == earlier.Nodes
        && (request.Port is null or 0 || request.Port == earlier.Port)
        && PaceOf(request, earlier) == PaceOf(new(), earlier)
        && (request.Runtime ?? earlier.Runtime) == earlier.Runtime;

    /// <summary>The pace that a request chooses, or the pace of the settings.</summary>
    internal static FailoverPace PaceOf(UpRequest request, ClusterSettings settings)
    {
        var pace = request.FastFailover switch
        {
            true => FailoverPace.Fast,
            false => FailoverPace.Upstream,
            null => new(settings.NodeGraceSeconds, settings.LeaseRenewSeconds, settings.EvictionSeconds),
        };
        return request.NodeGrace is { } grace ? pace with { NodeGraceSeconds = grace, LeaseRenewSeconds = grace / 4.0 } : pace;
    }

    private static void Check(UpRequest request)
    {
        if (request.NodeGrace is < 4 or > 3600)
        {
            throw new UserErrorException($"--node-grace must be from 4 to 3600, not {request.NodeGrace}.");
        }
        if (request.Nodes is < 0 or > ClusterRange.MaxNodes)
        {
            throw new UserErrorException($"--nodes must be from 0 to {ClusterRange.MaxNodes}, not {request.Nodes}.");
        }
        if (request.Port is < 0 or > 65535)
        {
            throw new UserErrorException($"--port must be from 0 to 65535, not {request.Port}.");
        }
    }

    private static void Create(ClusterDirectory directory)
    {
        try
        {
            directory.Create();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserErrorException($"The data directory {directory.Root} can't be made ({e.Message}): name another with --data.");
        }
    }
}
