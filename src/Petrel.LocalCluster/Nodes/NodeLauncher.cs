using Petrel.LocalCluster.Networking;
using Petrel.LocalCluster.Processes;
using Petrel.Network.Linux;

namespace Petrel.LocalCluster.Nodes;

/// <summary>
/// Starts and stops the nodes of a cluster on this machine. As root, a node has its own PID, mount, network, UTS and IPC namespaces, with a
/// small init that keeps its agent running. Killing that init simulates a power cut: the kernel kills every process in the namespaces at
/// once. Without root, a node is only an agent process and its children.
/// </summary>
public sealed class NodeLauncher(ClusterDirectory directory, ClusterSettings settings)
{
    // Prepares the new namespaces. Hides the unified hierarchy of a hybrid cgroup host, because crun rejects hosts that show both.
    private const string Boot = """
        hostname "$1"
        mount --make-rshared /
        if [ -d /sys/fs/cgroup/cpu ] && grep -q " /sys/fs/cgroup/unified " /proc/mounts; then umount /sys/fs/cgroup/unified; fi

        """;

    // A node's init: reaps orphans, restarts the agent when it dies, and on SIGPWR lets the agent shut the node down with its pods.
    // An agent that ends within ten seconds waits longer before each restart: 0.2 s, then 1 s doubling to 16 s. A signal ends the wait.
    private const string Supervise = """
        shift
        down= delay=0
        trap 'down=1; kill -PWR "$agent" 2>/dev/null' PWR
        trap 'down=1; kill -TERM "$agent" 2>/dev/null' TERM
        while [ -z "$down" ]; do
          read -r started _ </proc/uptime
          "$@" & agent=$!
          while kill -0 "$agent" 2>/dev/null; do wait "$agent"; done
          [ -z "$down" ] || break
          read -r ended _ </proc/uptime
          [ $((${ended%.*} - ${started%.*})) -lt 10 ] || delay=0
          if [ "$delay" = 0 ]; then sleep 0.2 & else sleep "$delay" & fi
          agent=$!; wait "$agent"
          delay=$((delay == 0 ? 1 : delay < 16 ? delay * 2 : 16))
        done
        """;

    // Memory settings for agents only. A machine may run many agents, and each is idle most of the time.
    private static readonly string[] AgentMemory =
    [
        // Keep precompiled and quickly compiled code. Counting calls and compiling hot methods again costs 8 MiB for no gain in an agent.
        "DOTNET_TC_CallCounting=0",
        // Collect every 4 MiB (hexadecimal). The default is the size of the processor's L3 cache, to which each agent would grow.
        "DOTNET_GCgen0size=0x400000",
        // One malloc arena: an arena for each thread costs 3 MiB more.
        "MALLOC_ARENA_MAX=1",
    ];

    private readonly NodeNetwork? _network = settings.Range is { } number ? new NodeNetwork(new ClusterRange(number)) : null;

    private readonly Dictionary<string, PidFile> _pids = settings.NodeNames.ToDictionary(
        node => node,
        node => new PidFile(directory.NodePid(node))
    );

    public ProcessRecord? Find(string node) => _pids.TryGetValue(node, out var pid) ? pid.Find() : null;

    /// <summary>Whether <see cref="KillAsync"/> switched the node off and it has not been started since.</summary>
    public bool IsSwitchedOff(string node) => File.Exists(directory.NodeSwitchedOff(node));

    /// <summary>Starts a stopped node.</summary>
    /// <exception cref="UserErrorException">The node is already running, or does not exist.</exception>
    public async Task StartAsync(string node, CancellationToken cancellationToken)
    {
        var index = IndexOf(node);
        if (Find(node) is { } running)
        {
            throw new UserErrorException($"{node} runs already (process {running.Pid}).");
        }
        Directory.CreateDirectory(directory.Node(node));
        string[] agent = ["env", .. AgentMemory, Environment.ProcessPath!, "agent", "--data", directory.Root, "--node", node];
        string[] command;
        if (_network is not null)
        {
            await _network.AddNodeAsync(node, index, settings.Nodes, cancellationToken);
            command =
            [
                "nsenter",
                $"--net={_network.NamespacePath(node)}",
                "unshare",
                "--pid",
                "--fork",
                "--kill-child",
                "--mount",
                "--propagation",
                "private",
                "--uts",
                "--ipc",
                "--mount-proc",
                "sh",
                "-c",
                Boot + Supervise,
                "node-init",
                node,
                .. agent,
            ];
        }
        else
        {
            command = ["env", $"{ProcessTree.Variable}={directory.Node(node)}", "sh", "-c", Supervise, "node-init", node, .. agent];
        }
        var process = DetachedProcess.Start(command, directory.NodeLog(node));
        _pids[node].Set(ProcessRecord.Of(process));
        File.Delete(directory.NodeSwitchedOff(node));
    }

    /// <summary>Cuts the node's power: its agent and all its containers are killed at once, without a graceful shutdown.</summary>
    public async Task KillAsync(string node, CancellationToken cancellationToken)
    {
        var index = IndexOf(node);
        var running = Find(node) ?? throw new UserErrorException($"{node} is down already.");
        // Write the mark before the node ends, so that the supervisor does not treat its end as a failure.
        File.WriteAllBytes(directory.NodeSwitchedOff(node), []);
        await CutPowerAsync(node, index, running, cancellationToken);
    }

    /// <summary>Shuts the node down: its pods terminate within their grace periods, then its agent exits.</summary>
    public async Task StopAsync(string node, TimeSpan limit, CancellationToken cancellationToken)
    {
        var index = IndexOf(node);
        if (Find(node) is { } running)
        {
            var init = _network is not null ? running.OnlyChild() ?? running : running;
            init.Signal(ProcessRecord.SigPwr);
            if (!await running.WaitForEndAsync(limit))
            {
                await CutPowerAsync(node, index, running, cancellationToken);
            }
            _pids[node].Delete();
        }
        File.Delete(directory.NodeSwitchedOff(node));
        if (_network is not null)
        {
            await _network.RemoveNodeAsync(node, index, cancellationToken);
        }
    }

    private async Task CutPowerAsync(string node, int index, ProcessRecord running, CancellationToken cancellationToken)
    {
        if (_network is not null)
        {
            await _network.UnplugNodeAsync(index, cancellationToken);
            running.OnlyChild()?.Signal(ProcessRecord.SigKill);
            running.Signal(ProcessRecord.SigKill);
        }
        else
        {
            running.Signal(ProcessRecord.SigKill);
            ProcessTree.KillAll(directory.Node(node));
        }
        await running.WaitForEndAsync(TimeSpan.FromSeconds(5));
        _pids[node].Delete();
    }

    private int IndexOf(string node) =>
        settings.IndexOf(node)
        ?? throw new UserErrorException($"There is no node '{node}': the nodes are {string.Join(", ", settings.NodeNames)}.");
}
