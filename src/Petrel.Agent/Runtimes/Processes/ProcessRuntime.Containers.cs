using System.ComponentModel;
using System.Diagnostics;
using Petrel.Agent.Images;
using Petrel.Agent.Runtimes.Local;
using Petrel.Agent.Runtimes.Oci;

namespace Petrel.Agent.Runtimes.Processes;

/// <content>Container lifecycle (create, start, stop, remove), resource usage and exec.</content>
public sealed partial class ProcessRuntime
{
    private const int StartFailedExitCode = 128;
    private const string RootVariable = "CONTAINER_SANDBOX_MOUNT_POINT";

    /// <inheritdoc/>
    public ValueTask<string> CreateContainerAsync(string sandboxId, ContainerSpec spec, CancellationToken cancellationToken)
    {
        SandboxEntry? sandbox;
        long sequence;
        lock (_lock)
        {
            sandbox = _sandboxes.Find(sandboxId);
            if (sandbox is null || !IsReady(sandbox))
            {
                throw new RuntimeException("CreateContainerError", $"sandbox {sandboxId} is not ready");
            }
            var same = ContainersOf(sandbox).Find(c => c.Entry.Spec.Name == spec.Name && c.Entry.Spec.Attempt == spec.Attempt);
            if (same is not null)
            {
                return new(same.Entry.Id);
            }
            sequence = ++_sequence;
        }
        var image = _images.Load(spec.Image)
            ?? throw new RuntimeException("CreateContainerError", $"image \"{spec.Image}\" is not present on the node");
        if (spec.Security.RunAsNonRoot && Environment.IsPrivilegedProcess)
        {
            throw new RuntimeException(
                "CreateContainerConfigError",
                "container has runAsNonRoot and the process runtime of a root agent runs all as root"
            );
        }
        var id = NewId();
        var files = FilesOf(id);
        var entry = new ContainerEntry(
            id,
            sandboxId,
            sandbox.Spec.PodUid,
            spec,
            sequence,
            ImageReference.ImageId(spec.Image, image.Id, image.ManifestDigest),
            image.Process.StopSignal,
            _time.GetUtcNow()
        );
        try
        {
            Directory.CreateDirectory(files.Directory);
            var command = Bundle.Arguments(spec, image.Process);
            foreach (var mount in spec.Mounts.Where(m => !Path.Exists(m.HostPath)))
            {
                throw new RuntimeException(
                    "CreateContainerError",
                    $"volumeMounts[{mount.ContainerPath}]: {mount.HostPath} does not exist on the node"
                );
            }
            RootFileSystem.Build(image.Layers, files.Root);
            foreach (var hidden in RootFileSystem.Link(files.Root, spec.Mounts))
            {
                LogHiddenVolume(_logger, id, hidden.ContainerPath);
            }
            entry = entry with
            {
                Command = command,
                Environment = EnvironmentOf(spec, image.Process, files.Root, sandbox.Spec.Hostname, out var path),
                Path = path,
                Directory = RootFileSystem.InRoot(
                    files.Root,
                    spec.WorkingDirectory.Length > 0 ? spec.WorkingDirectory : image.Process.WorkingDir
                ),
            };
            Directory.CreateDirectory(entry.Directory);
            _containerFiles.Save(id, entry);
        }
        catch (Exception e)
        {
            RootFileSystem.Delete(files.Directory);
            throw e as RuntimeException ?? new RuntimeException("CreateContainerError", e.Message, e);
        }
        lock (_lock)
        {
            _containers.Add(new Container(entry, files));
        }
        return new(id);
    }

    /// <inheritdoc/>
    public async ValueTask StartContainerAsync(string containerId, CancellationToken cancellationToken)
    {
        var container = Find(containerId);
        Examine(container);
        if (container.State != ContainerState.Created)
        {
            return;
        }
        try
        {
            var entry = container.Entry;
            var (program, arguments) = await ProgramFinder.FindAsync(
                container.Files.Root,
                entry.Directory,
                entry.Command,
                entry.Path,
                cancellationToken
            );
            ProcessJson.Write(
                container.Files.Launch,
                new Launch(program, arguments, entry.Environment, entry.Directory, entry.Spec.LogPath, ExitFile(containerId)),
                ProcessJson.Default.Launch
            );
            await StartShimAsync(container, cancellationToken);
        }
        catch (RuntimeException)
        {
            SetExited(container, new ExitEntry(StartFailedExitCode, "StartError", _time.GetUtcNow()));
            throw;
        }
        while (container.State == ContainerState.Created)
        {
            Examine(container);
            await Task.Delay(PollInterval, _time, cancellationToken);
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
        Examine(container);
        if (container.State == ContainerState.Running && grace > TimeSpan.Zero)
        {
            Signal(container, ProcessIdentity.SignalNumber(container.Entry.StopSignal));
            try
            {
                await container.Exited.Task.WaitAsync(grace, _time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // The grace period has elapsed: kill the container.
            }
        }
        Signal(container, Tool.SigKill);
        await WaitForKilledAsync(container, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask RemoveContainerAsync(string containerId, CancellationToken cancellationToken)
    {
        await StopContainerAsync(containerId, TimeSpan.Zero, cancellationToken);
        RemoveContainerFiles(containerId);
        lock (_lock)
        {
            _containers.Remove(containerId);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ContainerUsage>> ReadUsageAsync(CancellationToken cancellationToken)
    {
        (string Id, ProcessEntry Program)[] running;
        lock (_lock)
        {
            running =
            [
                .. _containers.Values.Where(c => c is { Exit: null, Running: not null }).Select(c => (c.Entry.Id, c.Running!.Program)),
            ];
        }
        var processes = ProcessUsage.ReadAll();
        return new([.. running.Where(r => r.Program.IsAlive).Select(r => processes.OfTree(r.Id, r.Program.Pid))]);
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ContainerStatus>> ListContainersAsync(CancellationToken cancellationToken)
    {
        FindExits();
        lock (_lock)
        {
            return new([.. _containers.Values.OrderBy(c => c.Entry.Sequence).Select(StatusOf)]);
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
        Examine(container);
        if (container.State != ContainerState.Running)
        {
            throw new RuntimeException("ExecError", $"container {container.Entry.Spec.Name} is not running");
        }
        var (program, arguments) = await ProgramFinder.FindAsync(
            container.Files.Root,
            container.Entry.Directory,
            command,
            container.Entry.Path,
            cancellationToken
        );
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = container.Entry.Directory };
        start.Environment.Clear();
        foreach (var variable in container.Entry.Environment)
        {
            var end = variable.IndexOf('=');
            start.Environment[variable[..end]] = variable[(end + 1)..];
        }
        var result = await Tool.RunLimitedAsync(start, timeout, static p => p.Kill(entireProcessTree: true), _time, cancellationToken);
        return new ExecResult(result.ExitCode, result.Output, result.ErrorOutput);
    }

    private static ContainerStatus StatusOf(Container container) =>
        new()
        {
            Id = container.Entry.Id,
            SandboxId = container.Entry.SandboxId,
            PodUid = container.Entry.PodUid,
            Name = container.Entry.Spec.Name,
            Attempt = container.Entry.Spec.Attempt,
            Image = container.Entry.Spec.Image,
            ImageId = container.Entry.ImageId,
            State = container.State,
            CreatedAt = container.Entry.CreatedAt,
            StartedAt = container.Running?.StartedAt,
            FinishedAt = container.Exit?.FinishedAt,
            ExitCode = container.Exit?.Code,
            Reason = container.Exit?.Reason ?? "",
            LogPath = container.Entry.Spec.LogPath,
        };

    // Returns the PATH of the image in path. The PATH variable of the program lists the same directories in the container's root, followed
    // by the host's directories.
    private List<string> EnvironmentOf(ContainerSpec spec, ImageProcess image, string root, string hostname, out string path)
    {
        const string prefix = "PATH=";
        var variables = Bundle.Environment(spec, image, root, hostname);
        var index = variables.FindIndex(v => v.StartsWith(prefix, StringComparison.Ordinal));
        path = variables[index][prefix.Length..];
        variables[index] = prefix + ProgramFinder.PathIn(root, path);
        variables.Add($"{RootVariable}={root}");
        variables.AddRange(_settings.Environment);
        return variables;
    }

    private Container Find(string id)
    {
        lock (_lock)
        {
            return _containers.Find(id) ?? throw new RuntimeException("RunContainerError", $"there is no container {id}");
        }
    }

    private void RemoveContainerFiles(string id)
    {
        RootFileSystem.Delete(_containerFiles.DirectoryOf(id));
        File.Delete(ExitFile(id));
    }
}
