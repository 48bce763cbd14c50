using System.Text.Json;
using Petrel.Agent.Images;
using Petrel.Agent.Runtimes.Local;

namespace Petrel.Agent.Runtimes.Oci;

/// <content>Container lifecycle (create, start, stop, remove), resource usage and exec.</content>
public sealed partial class OciRuntime
{
    private const int StartFailedExitCode = 128;

    /// <inheritdoc/>
    public ValueTask<string> CreateContainerAsync(string sandboxId, ContainerSpec spec, CancellationToken cancellationToken)
    {
        Sandbox? sandbox;
        lock (_lock)
        {
            sandbox = _sandboxes.Find(sandboxId);
            if (sandbox is null || !sandbox.Live)
            {
                throw new RuntimeException("CreateContainerError", $"sandbox {sandboxId} is not ready");
            }
            var same = ContainersOf(sandbox).FirstOrDefault(c => c.Record.Spec.Name == spec.Name && c.Record.Spec.Attempt == spec.Attempt);
            if (same is not null)
            {
                return new(same.Record.Id);
            }
        }
        var image = _images.Load(spec.Image)
            ?? throw new RuntimeException("CreateContainerError", $"image \"{spec.Image}\" is not present on the node");
        var id = NewId();
        var directory = _containerFiles.DirectoryOf(id);
        var record = new ContainerRecord(
            id,
            sandboxId,
            sandbox.Record.Spec.PodUid,
            spec,
            Interlocked.Increment(ref _sequence),
            ImageReference.ImageId(spec.Image, image.Id, image.ManifestDigest),
            image.Process.StopSignal,
            image.Layers,
            _time.GetUtcNow()
        );
        try
        {
            Directory.CreateDirectory(directory);
            MountRoot(record);
            var user = ImageUser.Resolve(Path.Combine(directory, "rootfs"), image.Process.User, spec.Security);
            var capabilities = Capabilities.For(spec.Security, _capabilities);
            foreach (var mount in spec.Mounts.Where(m => !Path.Exists(m.HostPath)))
            {
                throw new RuntimeException(
                    "CreateContainerError",
                    $"volumeMounts[{mount.ContainerPath}]: {mount.HostPath} does not exist on the node"
                );
            }
            foreach (var mount in spec.Mounts)
            {
                Mounts.RequirePropagation(mount);
            }
            var seccomp = _seccomp.For(spec.Security);
            var hostname = sandbox.Record.Spec.HostNetwork ? Environment.MachineName : sandbox.Record.Spec.Hostname;
            var configuration = Bundle.Create(
                spec,
                image.Process,
                user,
                FilesOf(sandbox.Record),
                hostname,
                _cgroups.ContainerPath(sandboxId, id),
                _cgroups.IsUnified,
                capabilities,
                seccomp?.For(capabilities),
                Monitor.TakesBytecode ? seccomp?.CompiledFor(capabilities) : null
            );
            File.WriteAllBytes(
                Path.Combine(directory, "config.json"),
                JsonSerializer.SerializeToUtf8Bytes(configuration, OciRuntimeJson.Default.RuntimeSpecification)
            );
            _containerFiles.Save(id, record);
        }
        catch (Exception e)
        {
            Mounts.Remove(Path.Combine(directory, "rootfs"));
            RemoveDirectory(directory);
            if (e is RuntimeException)
            {
                throw;
            }
            throw new RuntimeException("CreateContainerError", e.Message, e);
        }
        lock (_lock)
        {
            _containers.Add(new Container(record));
        }
        return new(id);
    }

    /// <inheritdoc/>
    public async ValueTask StartContainerAsync(string containerId, CancellationToken cancellationToken)
    {
        var container = Find(containerId);
        if (container.Record.State != ContainerState.Created)
        {
            return;
        }
        try
        {
            // An agent that died meanwhile may have left a container that only needs its start.
            if (container.Record.Pid == 0)
            {
                await MakeAsync(container, cancellationToken);
            }
            await Monitor.StartAsync(containerId, cancellationToken);
            Update(container, r => r.State == ContainerState.Created ? r with { State = ContainerState.Running } : r);
        }
        catch (RuntimeException)
        {
            await Monitor.DeleteAsync(containerId, CancellationToken.None);
            SetExited(container, StartFailedExitCode, "StartError", _time.GetUtcNow());
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask StopContainerAsync(string containerId, TimeSpan grace, CancellationToken cancellationToken)
    {
        Container? container;
        lock (_lock)
        {
            container = _containers.Find(containerId);
        }
        if (container is null)
        {
            return;
        }
        var record = container.Record;
        if (record.State == ContainerState.Running && grace > TimeSpan.Zero)
        {
            if (ProcessIdentity.IsAlive(record.Pid, record.ProcessStart))
            {
                _ = Tool.Kill(record.Pid, ProcessIdentity.SignalNumber(record.StopSignal));
            }
            try
            {
                await container.Exited.Task.WaitAsync(grace, _time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // The grace period has elapsed: kill the container.
            }
        }
        _cgroups.KillContainer(record.SandboxId, containerId);
        await WaitForKilledAsync(container, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask RemoveContainerAsync(string containerId, CancellationToken cancellationToken)
    {
        await StopContainerAsync(containerId, TimeSpan.Zero, cancellationToken);
        await RemoveContainerFilesAsync(containerId, cancellationToken);
        lock (_lock)
        {
            _containers.Remove(containerId);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ContainerUsage>> ReadUsageAsync(CancellationToken cancellationToken)
    {
        ContainerRecord[] running;
        lock (_lock)
        {
            running = [.. _containers.Values.Select(c => c.Record).Where(r => r.State == ContainerState.Running)];
        }
        return new([.. running.Select(r => _cgroups.UsageOf(r.SandboxId, r.Id)).OfType<ContainerUsage>()]);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ContainerStatus>> ListContainersAsync(CancellationToken cancellationToken)
    {
        FindExits();
        lock (_lock)
        {
            return new([.. _containers.Values.Select(c => c.Record).OrderBy(r => r.Sequence).Select(StatusOf)]);
        }
    }

    /// <inheritdoc/>
    public async ValueTask<ExecResult> ExecAsync(
        string containerId,
        IReadOnlyList<string> command,
        TimeSpan timeout,
        CancellationToken cancellationToken
    )
    {
        var container = Find(containerId);
        if (container.Record.State != ContainerState.Running)
        {
            throw new RuntimeException("ExecError", $"container {container.Record.Spec.Name} is not running");
        }
        var directory = _containerFiles.DirectoryOf(containerId);
        var configuration = JsonSerializer.Deserialize(
            await File.ReadAllBytesAsync(Path.Combine(directory, "config.json"), cancellationToken),
            OciRuntimeJson.Default.RuntimeSpecification
        )!;
        var file = Path.Combine(directory, $"exec-{_entropy.NextUInt64():x16}.json");
        var process = configuration.Process with { Args = command, Terminal = false };
        try
        {
            await File.WriteAllBytesAsync(
                file,
                JsonSerializer.SerializeToUtf8Bytes(process, OciRuntimeJson.Default.ProcessSpecification),
                cancellationToken
            );
            var result = await Monitor.ExecAsync(containerId, file, timeout, _time, cancellationToken);
            return new ExecResult(result.ExitCode, result.Output, result.ErrorOutput);
        }
        finally
        {
            File.Delete(file);
        }
    }

    // Creates the container, so that its program waits for the start.
    private async ValueTask MakeAsync(Container container, CancellationToken cancellationToken)
    {
        var id = container.Record.Id;
        // An agent that died before it recorded the pid left the container created.
        var (state, pid) = await Monitor.StateAsync(id, cancellationToken);
        if (state != "created")
        {
            pid = await Monitor.CreateAsync(id, _containerFiles.DirectoryOf(id), container.Record.Spec, cancellationToken);
        }
        // Profiles of the node's administrator may change, so only the default one is kept.
        var security = container.Record.Spec.Security;
        if (Monitor.TakesBytecode && security.Seccomp.Type == SeccompSetting.RuntimeDefault)
        {
            _seccomp.For(security)?.KeepCompiled(Capabilities.For(security, _capabilities), Monitor.BytecodeFile(id));
        }
        // Save the record before the program runs, so that it exists even when the program exits at once.
        Update(container, r => r with { Pid = pid, ProcessStart = ProcessIdentity.StartOf(pid), StartedAt = _time.GetUtcNow() });
    }

    // The earlier agent died before it recorded that the container's program runs. A program that waits for its start stays Created.
    private async ValueTask AdoptAsync(string id, CancellationToken cancellationToken)
    {
        if ((await Monitor.StateAsync(id, cancellationToken)).State == "running")
        {
            Update(Find(id), r => r.State == ContainerState.Created ? r with { State = ContainerState.Running } : r);
        }
    }

    private static ContainerStatus StatusOf(ContainerRecord record) =>
        new()
        {
            Id = record.Id,
            SandboxId = record.SandboxId,
            PodUid = record.PodUid,
            Name = record.Spec.Name,
            Attempt = record.Spec.Attempt,
            Image = record.Spec.Image,
            ImageId = record.ImageId,
            State = record.State,
            CreatedAt = record.CreatedAt,
            StartedAt = record.StartedAt,
            FinishedAt = record.FinishedAt,
            ExitCode = record.ExitCode,
            Reason = record.Reason,
            LogPath = record.Spec.LogPath,
        };

    private Container Find(string id)
    {
        lock (_lock)
        {
            return _containers.Find(id) ?? throw new RuntimeException("RunContainerError", $"there is no container {id}");
        }
    }

    private void MountRoot(ContainerRecord record)
    {
        var directory = _containerFiles.DirectoryOf(record.Id);
        foreach (var part in (string[])["upper", "work", "rootfs"])
        {
            Directory.CreateDirectory(Path.Combine(directory, part));
        }
        Mounts.Overlay(record.Layers, Path.Combine(directory, "upper"), Path.Combine(directory, "work"), Path.Combine(directory, "rootfs"));
    }

    private async ValueTask RemoveContainerFilesAsync(string id, CancellationToken cancellationToken)
    {
        await Monitor.DeleteAsync(id, cancellationToken);
        var directory = _containerFiles.DirectoryOf(id);
        Mounts.Remove(Path.Combine(directory, "rootfs"));
        RemoveDirectory(directory);
        File.Delete(Path.Combine(Monitor.ExitDirectory, id));
    }
}
