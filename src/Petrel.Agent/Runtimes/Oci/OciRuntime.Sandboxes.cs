using Petrel.Agent.Files;
using Petrel.Agent.Runtimes.Local;
using Petrel.Network.Pods;

namespace Petrel.Agent.Runtimes.Oci;

/// <content>Sandboxes: the namespaces, cgroup and files that the containers of a pod share.</content>
public sealed partial class OciRuntime
{
    // The setup script, which is the first program in the new namespaces. The files that pin the namespaces keep them alive after it exits.
    private const string SetUp = """
        echo "$1" > /proc/sys/kernel/hostname
        if [ -n "$2" ]; then
          echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start
          exec ip -batch -
        fi
        """;

    private static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(10);

    /// <inheritdoc/>
    public async ValueTask<SandboxStatus> RunSandboxAsync(SandboxSpec spec, CancellationToken cancellationToken)
    {
        Sandbox sandbox;
        lock (_lock)
        {
            var running = _sandboxes.OfPod(spec.PodUid).FirstOrDefault(s => s.Live && s.Record.Spec.Attempt == spec.Attempt);
            if (running is not null)
            {
                return StatusOf(running);
            }
            sandbox = new Sandbox(new SandboxRecord(NewId(), spec, _time.GetUtcNow(), []));
            _sandboxes.Add(sandbox);
        }
        var id = sandbox.Record.Id;
        try
        {
            // Save the record first, so that the next agent can clean up if this one dies.
            _sandboxFiles.Save(id, sandbox.Record);
            PodAddress? address = null;
            if (!spec.HostNetwork)
            {
                address = _network.Allocate(id);
                sandbox.Record = sandbox.Record with { Addresses = [address.Address] };
                _sandboxFiles.Save(id, sandbox.Record);
            }
            _cgroups.CreatePod(id, spec.Limits);
            WriteFiles(sandbox.Record);
            await MakeNamespacesAsync(id, spec, address, cancellationToken);
            if (address is not null)
            {
                await _network.ConnectAsync(id, address, spec.HostPorts, cancellationToken);
            }
            lock (_lock)
            {
                sandbox.Live = true;
                return StatusOf(sandbox);
            }
        }
        catch (Exception failure)
        {
            try
            {
                await RemoveSandboxAsync(id, CancellationToken.None);
            }
            catch (Exception e) when (e is RuntimeException or IOException)
            {
                LogCleanupFailed(_logger, e, id);
            }
            if (failure is PodNetworkException)
            {
                throw new RuntimeException("CreatePodSandboxError", failure.Message, failure);
            }
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask StopSandboxAsync(string sandboxId, CancellationToken cancellationToken)
    {
        Sandbox? sandbox;
        List<Container> containers;
        lock (_lock)
        {
            sandbox = _sandboxes.Find(sandboxId);
            if (sandbox is null || sandbox.Record.Stopped)
            {
                return;
            }
            containers = ContainersOf(sandbox);
        }
        _cgroups.KillPod(sandboxId);
        foreach (var container in containers)
        {
            await WaitForKilledAsync(container, cancellationToken);
        }
        foreach (var kind in (string[])["net", "ipc", "uts"])
        {
            RemovePin(Pin(sandboxId, kind));
        }
        if (!sandbox.Record.Spec.HostNetwork)
        {
            await _network.ReleaseAsync(sandboxId, sandbox.Record.Spec.HostPorts, cancellationToken);
        }
        lock (_lock)
        {
            sandbox.Live = false;
            sandbox.Record = sandbox.Record with { Stopped = true };
            _sandboxFiles.Save(sandboxId, sandbox.Record);
        }
    }

    /// <inheritdoc/>
    public async ValueTask RemoveSandboxAsync(string sandboxId, CancellationToken cancellationToken)
    {
        await StopSandboxAsync(sandboxId, cancellationToken);
        List<Container> containers;
        lock (_lock)
        {
            containers = _sandboxes.Find(sandboxId) is { } sandbox ? ContainersOf(sandbox) : [];
        }
        foreach (var container in containers)
        {
            await RemoveContainerAsync(container.Record.Id, cancellationToken);
        }
        await RemoveSandboxFilesAsync(sandboxId, cancellationToken);
        lock (_lock)
        {
            _sandboxes.Remove(sandboxId);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<SandboxStatus>> ListSandboxesAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return new([.. _sandboxes.Values.Select(StatusOf)]);
        }
    }

    /// <inheritdoc/>
    public ValueTask<PodRuntimeStatus> GetPodStatusAsync(string podUid, CancellationToken cancellationToken)
    {
        List<Container> open;
        lock (_lock)
        {
            open = [.. _containers.OfPod(podUid).Where(c => c.Record.State != ContainerState.Exited)];
        }
        open.ForEach(Examine);
        lock (_lock)
        {
            return new(
                new PodRuntimeStatus(
                    [.. _sandboxes.OfPod(podUid).Select(StatusOf)],
                    [.. _containers.OfPod(podUid).Select(c => c.Record).OrderBy(r => r.Sequence).Select(StatusOf)]
                )
            );
        }
    }

    // The caller holds the lock.
    private List<Container> ContainersOf(Sandbox sandbox) =>
        [.. _containers.OfPod(sandbox.Record.Spec.PodUid).Where(c => c.Record.SandboxId == sandbox.Record.Id)];

    private static SandboxStatus StatusOf(Sandbox sandbox) =>
        new()
        {
            Id = sandbox.Record.Id,
            PodNamespace = sandbox.Record.Spec.PodNamespace,
            PodName = sandbox.Record.Spec.PodName,
            PodUid = sandbox.Record.Spec.PodUid,
            Attempt = sandbox.Record.Spec.Attempt,
            State = sandbox.Live ? SandboxState.Ready : SandboxState.NotReady,
            CreatedAt = sandbox.Record.CreatedAt,
            Addresses = sandbox.Record.Addresses,
        };

    private async ValueTask MakeNamespacesAsync(string id, SandboxSpec spec, PodAddress? address, CancellationToken cancellationToken)
    {
        string[] kinds = spec.HostNetwork ? ["ipc"] : ["net", "ipc", "uts"];
        foreach (var kind in kinds)
        {
            if (!File.Exists(Pin(id, kind)))
            {
                File.WriteAllBytes(Pin(id, kind), []);
            }
        }
        string[] command = spec.HostNetwork ? ["true"] : ["sh", "-ec", SetUp, "sh", spec.Hostname, address is null ? "" : "network"];
        await Tool.MustRunAsync(
            "CreatePodSandboxError",
            "unshare",
            [.. kinds.Select(kind => $"--{kind}={Pin(id, kind)}"), .. command],
            address is null ? null : _network.Commands(address),
            cancellationToken
        );
    }

    private void WriteFiles(SandboxRecord sandbox)
    {
        var files = FilesOf(sandbox);
        var spec = sandbox.Spec;
        File.WriteAllText(files.Hosts, PodEtcFiles.Hosts(spec, sandbox.Addresses, OfNode("/etc/hosts")));
        File.WriteAllText(files.Hostname, (spec.HostNetwork ? Environment.MachineName : spec.Hostname) + "\n");
        File.WriteAllText(files.ResolvConf, PodEtcFiles.Resolver(spec, OfNode("/etc/resolv.conf") ?? ""));
        if (spec.HostIpc)
        {
            return;
        }
        Directory.CreateDirectory(files.SharedMemory);
        Mounts.Tmpfs(files.SharedMemory, _settings.SharedMemory);
    }

    private static string? OfNode(string path) => File.Exists(path) ? File.ReadAllText(path) : null;

    private PodFiles FilesOf(SandboxRecord sandbox)
    {
        var directory = _sandboxFiles.DirectoryOf(sandbox.Id);
        return new PodFiles(
            sandbox.Spec.HostNetwork ? null : Pin(sandbox.Id, "net"),
            sandbox.Spec.HostIpc ? null : Pin(sandbox.Id, "ipc"),
            sandbox.Spec.HostNetwork ? null : Pin(sandbox.Id, "uts"),
            Path.Combine(directory, "hosts"),
            Path.Combine(directory, "hostname"),
            Path.Combine(directory, "resolv.conf"),
            sandbox.Spec.HostIpc ? "/dev/shm" : Path.Combine(directory, "shm"),
            sandbox.Spec.HostPid
        );
    }

    private async ValueTask RemoveSandboxFilesAsync(string id, CancellationToken cancellationToken)
    {
        foreach (var kind in (string[])["net", "ipc", "uts"])
        {
            RemovePin(Pin(id, kind));
        }
        var directory = _sandboxFiles.DirectoryOf(id);
        Mounts.Remove(Path.Combine(directory, "shm"));
        _cgroups.RemovePod(id);
        RemoveDirectory(directory);
    }

    private static void RemovePin(string path)
    {
        if (File.Exists(path))
        {
            Mounts.Remove(path);
            File.Delete(path);
        }
    }

    // Containers wrote to the directory: it has names that are not UTF-8, links and trees of any depth.
    private static void RemoveDirectory(string directory)
    {
        using var parent = ConfinedDirectory.Open(Path.GetDirectoryName(directory)!);
        parent.RemoveTree(Path.GetFileName(directory));
    }
}
