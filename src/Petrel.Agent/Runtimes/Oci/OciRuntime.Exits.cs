using Petrel.Agent.Runtimes.Local;

namespace Petrel.Agent.Runtimes.Oci;

/// <content>Detection of container exits. conmon writes each exit code to a file, and inotify reports the file.</content>
public sealed partial class OciRuntime
{
    private FileSystemWatcher WatchExits(string directory)
    {
        var watcher = new FileSystemWatcher(directory) { NotifyFilter = NotifyFilters.FileName };
        watcher.Created += (_, e) => ReadExit(Path.GetFileName(e.FullPath));
        watcher.Renamed += (_, e) => ReadExit(Path.GetFileName(e.FullPath));
        // The event queue has overflowed and events are lost: check every container.
        watcher.Error += (_, _) => FindExits();
        watcher.EnableRaisingEvents = true;
        return watcher;
    }

    /// <summary>Checks every container that has no recorded exit.</summary>
    private void FindExits()
    {
        List<Container> open;
        lock (_lock)
        {
            open = [.. _containers.Values.Where(c => c.Record.State != ContainerState.Exited)];
        }
        foreach (var container in open)
        {
            Examine(container);
        }
    }

    private void Examine(Container container)
    {
        ReadExit(container.Record.Id);
        var record = container.Record;
        if (record.State == ContainerState.Exited)
        {
            return;
        }
        bool live;
        lock (_lock)
        {
            live = _sandboxes.Find(record.SandboxId) is { Live: true };
        }
        if (!live || (record.Pid > 0 && !ProcessIdentity.IsAlive(record.Pid, record.ProcessStart) && !IsMonitored(record.Id)))
        {
            // The node lost power or conmon was killed, so no exit code will be written.
            ReadExit(record.Id);
            LogLost(_logger, record.Id);
            SetExited(container, KilledExitCode, "Error", _time.GetUtcNow());
        }
    }

    // Whether conmon is alive. If it is, it will write the exit code.
    private bool IsMonitored(string containerId)
    {
        var file = Path.Combine(_containerFiles.DirectoryOf(containerId), "conmon.pid");
        return File.Exists(file)
            && int.TryParse(File.ReadAllText(file), out var pid)
            && File.Exists($"/proc/{pid}/cmdline")
            && ProcessIdentity.StartOf(pid).Length > 0
            && File.ReadAllText($"/proc/{pid}/cmdline").Contains(containerId, StringComparison.Ordinal);
    }

    private void ReadExit(string containerId)
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
        var file = new FileInfo(Path.Combine(Monitor.ExitDirectory, containerId));
        if (!file.Exists || !int.TryParse(File.ReadAllText(file.FullName), out var code))
        {
            return;
        }
        if (IsOnNodesProcesses(container.Record.SandboxId))
        {
            // Without a PID namespace of its own, a container's other processes survive its program.
            _cgroups.KillContainer(container.Record.SandboxId, containerId);
        }
        var reason =
            _cgroups.WasOutOfMemory(container.Record.SandboxId, containerId) ? "OOMKilled"
            : code == 0 ? "Completed"
            : "Error";
        SetExited(container, code, reason, new DateTimeOffset(file.LastWriteTimeUtc));
    }

    private bool IsOnNodesProcesses(string sandboxId)
    {
        lock (_lock)
        {
            return _sandboxes.Find(sandboxId) is { Record.Spec.HostPid: true };
        }
    }

    private void SetExited(Container container, int code, string reason, DateTimeOffset finished)
    {
        lock (_lock)
        {
            if (container.Record.State == ContainerState.Exited)
            {
                return;
            }
            container.Record = container.Record with
            {
                State = ContainerState.Exited,
                ExitCode = code,
                Reason = reason,
                FinishedAt = finished,
            };
            _containerFiles.Save(container.Record.Id, container.Record);
        }
        container.Exited.TrySetResult();
        PodChanged?.Invoke(container.Record.PodUid);
    }

    private void Update(Container container, Func<ContainerRecord, ContainerRecord> change)
    {
        lock (_lock)
        {
            container.Record = change(container.Record);
            _containerFiles.Save(container.Record.Id, container.Record);
        }
    }

    /// <summary>Waits for the exit of a container that was sent SIGKILL or never ran.</summary>
    private async ValueTask WaitForKilledAsync(Container container, CancellationToken cancellationToken)
    {
        var record = container.Record;
        if (record.State == ContainerState.Created && record.Pid == 0)
        {
            SetExited(container, KilledExitCode, "Error", _time.GetUtcNow());
        }
        if (record.State == ContainerState.Exited)
        {
            return;
        }
        var began = _time.GetTimestamp();
        while (!container.Exited.Task.IsCompleted)
        {
            Examine(container);
            try
            {
                await container.Exited.Task.WaitAsync(TimeSpan.FromMilliseconds(200), _time, cancellationToken);
            }
            catch (TimeoutException) when (_time.GetElapsedTime(began) < KillLimit)
            {
                _cgroups.KillContainer(record.SandboxId, record.Id);
            }
            catch (TimeoutException e)
            {
                throw new RuntimeException("KillContainerError", $"container {record.Spec.Name} did not end on SIGKILL", e);
            }
        }
    }
}
