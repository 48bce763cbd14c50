using System.Diagnostics.CodeAnalysis;
using Petrel.Agent.Images;

namespace Petrel.Agent.Runtimes.Simulated;

/// <content>Container states, and the exits of their programs.</content>
public sealed partial class SimulatedRuntime
{
    private const int KilledExitCode = 137;
    private const int TerminatedExitCode = 143;

    /// <inheritdoc/>
    public ValueTask<string> CreateContainerAsync(string sandboxId, ContainerSpec spec, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            if (_sandboxes.Find(sandboxId) is not { State: SandboxState.Ready } sandbox)
            {
                throw new RuntimeException("CreateContainerError", $"sandbox {sandboxId} is not ready");
            }
            var same = ContainersOf(sandbox).Find(c => c.Spec.Name == spec.Name && c.Spec.Attempt == spec.Attempt);
            if (same is not null)
            {
                return new(same.Status.Id);
            }
            var image = _images.Find(spec.Image)
                ?? throw new RuntimeException("CreateContainerError", $"image \"{spec.Image}\" is not present on the node");
            var container = new Container(
                spec,
                new ContainerStatus
                {
                    Id = NewId(),
                    SandboxId = sandboxId,
                    PodUid = sandbox.PodUid,
                    Name = spec.Name,
                    Attempt = spec.Attempt,
                    Image = spec.Image,
                    ImageId = ImageReference.ImageId(spec.Image, image.Id, image.Id),
                    State = ContainerState.Created,
                    CreatedAt = time.GetUtcNow(),
                    LogPath = spec.LogPath,
                }
            );
            _containers.Add(container);
            return new(container.Status.Id);
        }
    }

    /// <inheritdoc/>
    public async ValueTask StartContainerAsync(string containerId, CancellationToken cancellationToken)
    {
        if (Find(containerId).Status.State != ContainerState.Created)
        {
            return;
        }
        await DelayAsync(settings.StartLatency, cancellationToken);
        var container = Find(containerId);
        lock (_lock)
        {
            // During the delay, another call may have started the container, or its sandbox may have been stopped.
            if (container.Status.State != ContainerState.Created)
            {
                return;
            }
            container.Status = container.Status with { State = ContainerState.Running, StartedAt = time.GetUtcNow() };
            var behaviour = settings.Behaviour(container.Spec);
            if (behaviour.EndsAfter is { } ends)
            {
                EndAfter(container, ends, behaviour.ExitCode);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask StopContainerAsync(string containerId, TimeSpan grace, CancellationToken cancellationToken)
    {
        Container? container;
        var waits = false;
        lock (_lock)
        {
            container = _containers.Find(containerId);
            if (container is null)
            {
                return;
            }
            if (container.Status.State == ContainerState.Running && grace > TimeSpan.Zero)
            {
                waits = true;
                var behaviour = settings.Behaviour(container.Spec);
                if (!behaviour.IgnoresTermination && !container.Terminating)
                {
                    container.Terminating = true;
                    EndAfter(container, behaviour.TerminationTime, TerminatedExitCode);
                }
            }
        }
        if (waits)
        {
            using var either = CancellationTokenSource.CreateLinkedTokenSource(container.Exited.Token, cancellationToken);
            try
            {
                await Task.Delay(grace, time, either.Token);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                // The container exited within its grace period.
            }
        }
        bool killed;
        lock (_lock)
        {
            killed = SetExited(container, KilledExitCode);
        }
        if (killed)
        {
            ReportExit(container);
        }
    }

    /// <inheritdoc/>
    public async ValueTask RemoveContainerAsync(string containerId, CancellationToken cancellationToken)
    {
        await StopContainerAsync(containerId, TimeSpan.Zero, cancellationToken);
        lock (_lock)
        {
            _containers.Remove(containerId);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ContainerStatus>> ListContainersAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            return new([.. _containers.Values.Select(c => c.Status)]);
        }
    }

    /// <inheritdoc/>
    public ValueTask<IReadOnlyList<ContainerUsage>> ReadUsageAsync(CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var now = time.GetUtcNow();
            return new([.. _containers.Values.Where(c => c.Status.State == ContainerState.Running).Select(c => UsageOf(c, now))]);
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
        if (container.Status.State != ContainerState.Running)
        {
            throw new RuntimeException("ExecError", $"container {container.Spec.Name} is not running");
        }
        var answer = settings.Behaviour(container.Spec).Exec(command);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(container.Exited.Token, cancellationToken);
        try
        {
            await Task.Delay(answer.Duration < timeout ? answer.Duration : timeout, time, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The command was killed with its container.
            return new ExecResult(KilledExitCode, [], []);
        }
        return answer.Duration < timeout
            ? new ExecResult(answer.ExitCode, [], [])
            : throw new TimeoutException($"command timed out after {timeout.TotalSeconds:0.###} s");
    }

    /// <summary>
    /// Makes the program of one running container exit with this code. The container is number <paramref name="choice"/>, modulo the number
    /// of running containers, in creation order. Returns that container, or null when none is running.
    /// </summary>
    public ContainerStatus? EndOne(int choice, int exitCode)
    {
        Container container;
        lock (_lock)
        {
            var running = _containers.Values.Where(c => c.Status.State == ContainerState.Running).ToList();
            if (running.Count == 0)
            {
                return null;
            }
            container = running[choice % running.Count];
            SetExited(container, exitCode);
        }
        ReportExit(container);
        return container.Status;
    }

    // Adds the CPU time since the last reading. The caller holds the lock.
    private ContainerUsage UsageOf(Container container, DateTimeOffset now)
    {
        var behaviour = settings.Behaviour(container.Spec);
        container.CpuTime += (now - (container.MeasuredAt ?? container.Status.StartedAt!.Value)) * behaviour.Cores;
        container.MeasuredAt = now;
        return new(container.Status.Id, container.CpuTime, behaviour.MemoryBytes);
    }

    private Container Find(string id)
    {
        lock (_lock)
        {
            return _containers.Find(id) ?? throw new RuntimeException("RunContainerError", $"there is no container {id}");
        }
    }

    // Timers belong to the simulated machine, so they fire even when the agent has died. The caller holds the lock.
    private void EndAfter(Container container, TimeSpan delay, int exitCode) =>
        container.Timers.Add(time.CreateTimer(_ => End(container, exitCode), null, delay, Timeout.InfiniteTimeSpan));

    private void End(Container container, int exitCode)
    {
        bool ended;
        lock (_lock)
        {
            ended = SetExited(container, exitCode);
        }
        if (ended)
        {
            ReportExit(container);
        }
    }

    // Returns false when the container had already exited. The caller holds the lock, and reports the exit after releasing it.
    private bool SetExited(Container container, int exitCode)
    {
        if (container.Status.State == ContainerState.Exited)
        {
            return false;
        }
        container.Status = container.Status with
        {
            State = ContainerState.Exited,
            ExitCode = exitCode,
            FinishedAt = time.GetUtcNow(),
            Reason = exitCode == 0 ? "Completed" : "Error",
        };
        container.Timers.ForEach(t => t.Dispose());
        container.Timers.Clear();
        return true;
    }

    private void ReportExit(Container container)
    {
        PodChanged?.Invoke(container.Status.PodUid);
        container.Exited.Cancel();
    }

    /// <summary>The state of a container. Its members change only under the runtime's lock.</summary>
    [SuppressMessage(
        "Design",
        "CA1001",
        Justification = "A cancellation source without a timer holds nothing to release; timers end with the container."
    )]
    private sealed class Container(ContainerSpec spec, ContainerStatus status)
    {
        public ContainerSpec Spec { get; } = spec;

        public ContainerStatus Status { get; set; } = status;

        /// <summary>Whether the container was sent SIGTERM and will exit because of it.</summary>
        public bool Terminating { get; set; }

        public TimeSpan CpuTime { get; set; }

        public DateTimeOffset? MeasuredAt { get; set; }

        /// <summary>The timers that make the container's program exit.</summary>
        public List<ITimer> Timers { get; } = [];

        public CancellationTokenSource Exited { get; } = new();
    }
}
