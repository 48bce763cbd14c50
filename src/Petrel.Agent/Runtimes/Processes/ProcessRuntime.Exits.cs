using System.Diagnostics;
using Petrel.Agent.Runtimes.Local;

namespace Petrel.Agent.Runtimes.Processes;

/// <content>Starts the shims of containers, and reads the exits of containers from the files that the shims write.</content>
public sealed partial class ProcessRuntime
{
    private const int KilledExitCode = 137;
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(10);

    // Minimize the memory use of shims, because each container has one.
    private static readonly (string Name, string Value)[] ShimEnvironment =
    [
        ("DOTNET_gcServer", "0"),
        ("DOTNET_gcConcurrent", "0"),
        ("DOTNET_GCHeapHardLimit", "0x2000000"),
        ("DOTNET_TieredPGO", "0"),
        ("DOTNET_EnableDiagnostics", "0"),
    ];

    /// <summary>Starts the container's shim and waits for its report.</summary>
    /// <exception cref="RuntimeException">The program could not be started. The message contains the kernel's error.</exception>
    private async ValueTask StartShimAsync(Container container, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(_settings.ShimCommand[0], [.. _settings.ShimCommand.Skip(1), container.Files.Directory]);
        foreach (var (name, value) in ShimEnvironment)
        {
            start.Environment[name] = value;
        }
        using var shim = Tool.Start(start);
        using var pipes = new ProcessPipes(shim);
        shim.StandardInput.Close();
        var errors = shim.StandardError.ReadToEndAsync(cancellationToken);
        var word = await shim.StandardOutput.ReadLineAsync(cancellationToken);
        switch (word)
        {
            case ProcessShim.Started:
                return;
            case ProcessShim.Busy:
                // The shim of an earlier call is already running the container.
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
        // The event queue has overflowed and events are lost: check every container.
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

    /// <summary>Checks every container that has no recorded exit.</summary>
    private void FindExits()
    {
        List<Container> open;
        lock (_lock)
        {
            open = [.. _containers.Values.Where(c => c.Exit is null)];
        }
        open.ForEach(Examine);
    }

    /// <summary>Updates a container's state from the files that its shim has written.</summary>
    private void Examine(Container container)
    {
        if (container.Exit is not null)
        {
            return;
        }
        container.Running ??= ProcessJson.Read(container.Files.Running, ProcessJson.Default.RunningEntry);
        var lost = container.Running is { Shim.IsAlive: false };
        // Read the exit code after checking the shim: the shim may have written it just before it exited.
        if (ProcessJson.Read(ExitFile(container.Entry.Id), ProcessJson.Default.ExitEntry) is { } exit)
        {
            container.Running ??= ProcessJson.Read(container.Files.Running, ProcessJson.Default.RunningEntry);
            SetExited(container, exit);
        }
        else if (lost)
        {
            // The shim was killed or the machine lost power, so no exit code will be written.
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

    // Signals the program's process group while the program is alive. If a later process has the same pid, it is not signalled.
    private static void Signal(Container container, int signal)
    {
        if (container.Running is { Program: { IsAlive: true } program })
        {
            _ = Tool.Kill(-program.Pid, signal);
        }
    }

    /// <summary>Waits for the exit of a container that was sent SIGKILL or never ran.</summary>
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
                // Hold the lock, so that no shim can start the container after it is recorded as exited.
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
                // The poll interval has elapsed: check again.
            }
        }
    }

    /// <summary>The in-memory state of a container.</summary>
    private sealed class Container(ContainerEntry entry, ContainerFiles files)
    {
        public ContainerEntry Entry { get; } = entry;

        public ContainerFiles Files { get; } = files;

        /// <summary>The container's process. Null before the start.</summary>
        public RunningEntry? Running { get; set; }

        /// <summary>The container's exit. Null before the exit.</summary>
        public ExitEntry? Exit { get; set; }

        public TaskCompletionSource Exited { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public ContainerState State =>
            Exit is not null ? ContainerState.Exited
            : Running is not null ? ContainerState.Running
            : ContainerState.Created;
    }
}
