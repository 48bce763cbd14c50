using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Connections;
using Petrel.LocalCluster.Networking;
using Petrel.LocalCluster.Processes;
using Petrel.LocalCluster.Supervision;
using Petrel.Network;
using Spectre.Console;

namespace Petrel.Cli.Commands;

/// <summary><c>petrel up</c>: a cluster on this machine, from nothing or from where it was.</summary>
internal static class UpCommand
{
    private const int DefaultPort = 6443;
    private const int DefaultNodes = 3;

    public static Command Create()
    {
        var data = CommonOptions.Data();
        var nodes = new Option<int?>("--nodes")
        {
            Description = $"How many nodes (default: {DefaultNodes}, or as before; 0 for a cluster of simulated nodes alone).",
        };
        var port = new Option<int?>("--port")
        {
            Description = $"The API server's port (default: {DefaultPort}, or as before; 0 takes a free one).",
        };
        var grace = new Option<int?>("--node-grace")
        {
            Description =
                "Seconds without news after which a node counts as gone (default: 8, or as before; upstream: 40). Nodes renew "
                + "their leases four times within it.",
        };
        var detach = new Option<bool>("--detach") { Description = "Return when the cluster is ready; it goes on until 'petrel down'." };
        var fresh = new Option<bool>("--fresh")
        {
            Description = "Forget the cluster in the data directory, with all its objects, and make a new one.",
        };
        var runtime = new Option<string?>("--runtime")
        {
            Description = "oci (containers, needs root) or process (plain processes). Default: oci as root, else process.",
        };
        runtime.AcceptOnlyFromAmong("oci", "process");
        var supervise = new Option<bool>("--supervise") { Hidden = true };
        var command = new Command("up", "Bring up a cluster on this machine: server, nodes, certificates, kubeconfig.")
        {
            data,
            nodes,
            port,
            grace,
            detach,
            fresh,
            runtime,
            supervise,
        };
        command.SetAction(
            async (result, cancellationToken) =>
            {
                var directory = new ClusterDirectory(result.GetValue(data)!);
                if (ProcessRecord.Find(directory.SupervisorPid) is { } other && !result.GetValue(supervise))
                {
                    throw new UserErrorException(
                        $"The cluster in {directory.Root} is up already (process {other.Pid}): see 'petrel status', or stop it "
                            + $"with 'petrel down'."
                    );
                }
                if (result.GetValue(supervise))
                {
                    return await RunAsync(directory, ClusterSettings.Require(directory), live: false);
                }
                var settings = await PrepareAsync(
                    directory,
                    result.GetValue(nodes),
                    result.GetValue(port),
                    result.GetValue(grace),
                    result.GetValue(runtime),
                    result.GetValue(fresh),
                    cancellationToken
                );
                return result.GetValue(detach)
                    ? await DetachAsync(directory, settings, cancellationToken)
                    : await RunAsync(directory, settings, live: AnsiConsole.Profile.Capabilities.Interactive);
            }
        );
        return command;
    }

    /// <summary>Makes or resumes what the cluster keeps on disk: directory, settings, certificates, kubeconfig.</summary>
    private static async Task<ClusterSettings> PrepareAsync(
        ClusterDirectory directory,
        int? nodes,
        int? port,
        int? grace,
        string? runtime,
        bool fresh,
        CancellationToken cancellationToken
    )
    {
        if (grace is < 4 or > 3600)
        {
            throw new UserErrorException($"--node-grace must be from 4 to 3600, not {grace}.");
        }
        if (nodes is < 0 or > ClusterRange.MaxNodes)
        {
            throw new UserErrorException($"--nodes must be from 0 to {ClusterRange.MaxNodes}, not {nodes}.");
        }
        if (port is < 0 or > 65535)
        {
            throw new UserErrorException($"--port must be from 0 to 65535, not {port}.");
        }
        var earlier = ClusterSettings.Load(directory);
        if (earlier is not null)
        {
            // What an earlier supervisor that was killed has left running.
            await new Supervisor(directory, earlier, Say).StopAsync(cancellationToken);
            if (fresh)
            {
                directory.DeleteState();
                earlier = null;
            }
        }
        runtime ??= earlier?.Runtime ?? (Environment.IsPrivilegedProcess ? "oci" : "process");
        if (runtime == "oci" && !Environment.IsPrivilegedProcess)
        {
            throw new UserErrorException(
                "The oci runtime needs root. Without root use '--runtime process': plain processes, not isolated."
            );
        }
        directory.Create();
        var range =
            runtime == "oci" ? (await ClusterRangeClaims.ClaimAsync(directory.Root, earlier?.Range, cancellationToken)).Number : (int?)null;
        var settings = (
            earlier
            ?? new ClusterSettings
            {
                Port = DefaultPort,
                Nodes = DefaultNodes,
                Runtime = runtime,
            }
        ) with
        {
            Range = range,
            Runtime = runtime,
        };
        settings = settings with
        {
            Nodes = nodes ?? settings.Nodes,
            NodeGraceSeconds = grace ?? settings.NodeGraceSeconds,
            LeaseRenewSeconds = grace / 4.0 ?? settings.LeaseRenewSeconds,
            Port = CheckedPort(port ?? settings.Port),
            AgentPort = range is null && earlier is null ? FreePorts(nodes ?? settings.Nodes) : settings.AgentPort,
        };
        settings.Save(directory);
        ClusterCertificates.Ensure(directory, settings);
        return settings;
    }

    private static async Task<int> RunAsync(ClusterDirectory directory, ClusterSettings settings, bool live)
    {
        using var stop = new CancellationTokenSource();
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
        void Stop(PosixSignalContext context)
        {
            context.Cancel = true;
            stop.Cancel();
        }

        ProcessRecord.Of(Environment.ProcessId).Save(directory.SupervisorPid);
        var supervisor = new Supervisor(directory, settings, Say);
        using var api = ClusterConnections.OpenAsAdmin(directory, settings);
        try
        {
            await supervisor.StartAsync(api, stop.Token);
            Introduce(directory, settings);
            var keep = supervisor.KeepAsync(stop.Token);
            if (live)
            {
                await LiveStatus.ShowAsync(api, stop.Token);
            }
            await keep;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped while starting.
        }
        finally
        {
            Say("stopping pods and nodes");
            await supervisor.StopAsync(CancellationToken.None);
            File.Delete(directory.SupervisorPid);
        }
        return 0;
    }

    private static async Task<int> DetachAsync(ClusterDirectory directory, ClusterSettings settings, CancellationToken cancellationToken)
    {
        File.Delete(directory.SupervisorLog);
        var pid = DetachedProcess.Start([Environment.ProcessPath!, "up", "--supervise", "--data", directory.Root], directory.SupervisorLog);
        var supervisor = ProcessRecord.Of(pid);
        var shown = 0;
        while (true)
        {
            var lines = File.Exists(directory.SupervisorLog)
                ? await File.ReadAllLinesAsync(directory.SupervisorLog, cancellationToken)
                : [];
            foreach (var line in lines.Skip(shown))
            {
                Console.WriteLine(line);
            }
            shown = lines.Length;
            if (lines.Any(line => line.StartsWith(ReadyMark, StringComparison.Ordinal)))
            {
                return 0;
            }
            if (!supervisor.IsAlive)
            {
                throw new UserErrorException($"The cluster did not come up; see {directory.SupervisorLog}.");
            }
            await Task.Delay(20, cancellationToken);
        }
    }

    private const string ReadyMark = "To use it:";

    private static void Introduce(ClusterDirectory directory, ClusterSettings settings)
    {
        Console.WriteLine($"The cluster is ready: https://127.0.0.1:{settings.Port}, {settings.Nodes} nodes, runtime {settings.Runtime}.");
        if (settings.Runtime == "process")
        {
            Console.WriteLine("Containers are plain child processes of this user: no isolation, no network namespaces, no limits.");
        }
        Console.WriteLine($"Kubeconfig: {directory.Kubeconfig}");
        // The detached start waits for this line.
        Console.WriteLine($"{ReadyMark}  export KUBECONFIG={directory.Kubeconfig}");
    }

    private static readonly long Started = TimeProvider.System.GetTimestamp();

    private static void Say(string what) =>
        Console.WriteLine($"[{TimeProvider.System.GetElapsedTime(Started).TotalSeconds, 6:0.00} s] {what}");

    private static int CheckedPort(int port)
    {
        using var probe = new TcpListener(IPAddress.Loopback, port);
        try
        {
            probe.Start();
        }
        catch (SocketException e)
        {
            throw new UserErrorException($"Port {port} is not free on 127.0.0.1 ({e.Message}): name another with --port, or 0 for any.");
        }
        return ((IPEndPoint)probe.LocalEndpoint).Port;
    }

    // The first of as many neighbouring free ports.
    private static int FreePorts(int count)
    {
        for (var first = 10250; first + count < 32768; first += count)
        {
            if (Enumerable.Range(first, count).All(IsFree))
            {
                return first;
            }
        }
        throw new UserErrorException($"There are no {count} neighbouring free ports for the agents.");
    }

    private static bool IsFree(int port)
    {
        using var probe = new TcpListener(IPAddress.Loopback, port);
        try
        {
            probe.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
