using System.Diagnostics;
using Petrel.Agent.Runtimes.Local;

namespace Petrel.Agent.Runtimes.Processes;

/// <content>Shims: starting them, and reading from their files how containers exit.</content>
public sealed partial class ProcessRuntime
{
    private const int KilledExitCode = 137;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(10);

    // There is one shim per container: keep it small.
    private static readonly (string Name, string Value)[] ShimEnvironment =
    [
        ("DOTNET_gcServer", "0"),
        ("DOTNET_gcConcurrent", "0"),
        ("DOTNET_GCHeapHardLimit", "0x2000000"),
        ("DOTNET_TieredPGO", "0"),
        ("DOTNET_EnableDiagnostics", "0"),
    ];

    /// <summary>Starts the container's shim and waits until it reports.</summary>
    /// <exception cref="RuntimeException">The program could not be started; the message is the kernel's.</exception>
    private async ValueTask StartShimAsync(Container container, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(_settings.ShimCommand[0], [.. _settings.ShimCommand.Skip(1), container.Files.Directory]);
        foreach (var (name, value) in ShimEnvironment)
        {
            start.Environment[name] = value;
        }
        using var shim = Tool.Start(start);
        shim.StandardInput.Close();
        var errors = shim.StandardError.ReadToEndAsync(cancellationToken);
        var word = await shim.StandardOutput.ReadLineAsync(cancellationToken);
        switch (word)
        {
            case ProcessShim.Started:
                return;
            case ProcessShim.Busy:
                // The shim of an earlier call is running it already.
                return;
            case null:
                throw new RuntimeException("RunContainerError", $"the container's shim ended without a report: {(await errors).Trim()}");
            default:
                throw new RuntimeException("RunContainerError", $"failed to start container: {word[ProcessShim.Failed.Length..]}");
        }
    }

    private FileSystemWatcher WatchExits()
    {
        var watcher = new FileSystemWatcher(_exitDirectory) { NotifyFilter = NotifyFilters.FileName };
        watcher.Renamed += (_, e) => OnExit(Path.GetFileName(e.FullPath));
        // The queue has overflowed: check every container instead.
        watcher.Error += (_, _) => FindExits();
        watcher.EnableRaisingEvents = true;
        return watcher;
    }

    private void OnExit(string containerId)
    {
        Container? container;
        lock (_lock)
        {
            container = _containers.Find(containerId);
        }
        if (container is not null)
        {
            Examine(container);
        }
    }

    /// <summary>Checks every container that is not known to have exited.</summary>
    private void FindExits()
    {
        List<Container> open;
        lock (_lock)
        {
            open = [.. _containers.Values.Where(c => c.Exit is null)];
        }
        open.ForEach(Examine);
    }

    /// <summary>Reads what the container's shim has written.</summary>
    private void Examine(Container container)
    {
        if (container.Exit is not null)
        {
            return;
        }
        container.Running ??= ProcessJson.Read(container.Files.Running, ProcessJson.Default.RunningEntry);
        var lost = container.Running is { Shim.IsAlive: false };
        // The exit code may have come just before the shim went.
        if (ProcessJson.Read(ExitFile(container.Entry.Id), ProcessJson.Default.ExitEntry) is { } exit)
        {
            container.Running ??= ProcessJson.Read(container.Files.Running, ProcessJson.Default.RunningEntry);
            SetExited(container, exit);
        }
        else if (lost)
        {
            // The shim was killed, or the machine lost its power: no exit code will be written.
            Signal(container, Tool.SigKill);
            LogLost(_logger, container.Entry.Id);
            SetExited(container, new ExitEntry(KilledExitCode, "Error", _time.GetUtcNow()));
        }
    }

    private void SetExited(Container container, ExitEntry exit)
    {
        lock (_lock)
        {
            if (container.Exit is not null)
            {
                return;
            }
            var file = ExitFile(container.Entry.Id);
            if (!File.Exists(file))
            {
                ProcessJson.Write(file, exit, ProcessJson.Default.ExitEntry);
            }
            container.Exit = exit;
        }
        PodChanged?.Invoke(container.Entry.PodUid);
        container.Exited.TrySetResult();
    }

    // To the program and all of its process group, while the program lives: a number that is in use again is left alone.
    private static void Signal(Container container, int signal)
    {
        if (container.Running is { Program: { IsAlive: true } program })
        {
            _ = Tool.Kill(-program.Pid, signal);
        }
    }

    /// <summary>Waits for the end of a container that was sent SIGKILL, or never ran.</summary>
    private async ValueTask WaitForKilledAsync(Container container, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        while (true)
        {
            Examine(container);
            if (container.Exit is not null)
            {
                return;
            }
            if (container.State == ContainerState.Created)
            {
                // No shim may begin to start it once it counts as ended.
                using var held = container.Files.TryLock();
                if (held is not null && !File.Exists(container.Files.Running))
                {
                    SetExited(container, new ExitEntry(KilledExitCode, "Error", _time.GetUtcNow()));
                    return;
                }
            }
            Signal(container, Tool.SigKill);
            if (_time.GetElapsedTime(began) > KillLimit)
            {
                throw new RuntimeException("KillContainerError", $"container {container.Entry.Spec.Name} did not end on SIGKILL");
            }
            try
            {
                await container.Exited.Task.WaitAsync(PollInterval, _time, cancellationToken);
            }
            catch (TimeoutException)
            {
                // Look again.
            }
        }
    }

    /// <summary>A container as this process knows it.</summary>
    private sealed class Container(ContainerEntry entry, ContainerFiles files)
    {
        public ContainerEntry Entry { get; } = entry;

        public ContainerFiles Files { get; } = files;

        /// <summary>Its process, once it was started.</summary>
        public RunningEntry? Running { get; set; }

        /// <summary>Its end, once it has ended.</summary>
        public ExitEntry? Exit { get; set; }

        public TaskCompletionSource Exited { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ContainerState State =>
            Exit is not null ? ContainerState.Exited
            : Running is not null ? ContainerState.Running
            : ContainerState.Created;
    }
}
