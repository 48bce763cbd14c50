using System.Text;
using k8s.Models;
using Petrel.Agent.Runtimes;
using Petrel.Client;
using Petrel.Model.Timing;

namespace Petrel.Agent.Probes;

/// <summary>The latest results of a container's probes.</summary>
internal sealed class ProbeResults
{
    /// <summary>Whether the startup probe has succeeded, or the container has none.</summary>
    public bool Started { get; set; }

    /// <summary>Whether the container is ready: its readiness probe succeeds, or it has none and has started.</summary>
    public bool Ready { get; set; }

    /// <summary>Why the container must be restarted: its liveness or startup probe reached the failure threshold. Null otherwise.</summary>
    public string? KillReason { get; set; }

    /// <summary>The grace period that the probe of <see cref="KillReason"/> names; null for the pod's.</summary>
    public long? KillGraceSeconds { get; set; }
}

/// <summary>Runs the probes of one running container until cancelled.</summary>
internal sealed class ProbeRunner(
    V1Pod pod,
    V1Container container,
    ContainerStatus running,
    string podAddress,
    IContainerRuntime runtime,
    IProber prober,
    EventRecorder events,
    TimeProvider time,
    Action changed
)
{
    public ProbeResults Results { get; } =
        new() { Started = container.StartupProbe is null, Ready = container.StartupProbe is null && container.ReadinessProbe is null };

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            if (container.StartupProbe is { } startup)
            {
                if (!await RunOneAsync("Startup", startup, endsWithSuccess: true, cancellationToken))
                {
                    return;
                }
                Results.Started = true;
                Results.Ready = container.ReadinessProbe is null;
                changed();
            }
            List<Task> loops = [];
            if (container.LivenessProbe is { } liveness)
            {
                loops.Add(RunOneAsync("Liveness", liveness, endsWithSuccess: false, cancellationToken));
            }
            if (container.ReadinessProbe is { } readiness)
            {
                loops.Add(RunOneAsync("Readiness", readiness, endsWithSuccess: false, cancellationToken));
            }
            await Task.WhenAll(loops);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The container has exited or is being stopped.
        }
    }

    // Runs a probe periodically. A startup probe ends with its first success (true). A startup or liveness probe ends when it reaches its
    // failure threshold (false).
    private async Task<bool> RunOneAsync(string kind, V1Probe probe, bool endsWithSuccess, CancellationToken cancellationToken)
    {
        await Task.Yield();
        // The delay counts from the start of the container, also for the probes that wait for the startup probe.
        var age = time.GetUtcNow() - (running.StartedAt ?? time.GetUtcNow());
        var delay = LongDurations.FromSeconds(probe.InitialDelaySeconds ?? 0) - (age > TimeSpan.Zero ? age : TimeSpan.Zero);
        if (delay > TimeSpan.Zero)
        {
            await LongDurations.DelayAsync(delay, time, cancellationToken);
        }
        var (successes, failures) = (0, 0);
        while (true)
        {
            var problem = await TryAsync(probe, cancellationToken);
            if (problem is null)
            {
                (successes, failures) = (successes + 1, 0);
                if (successes >= (probe.SuccessThreshold ?? 1))
                {
                    if (endsWithSuccess)
                    {
                        return true;
                    }
                    if (kind == "Readiness" && !Results.Ready)
                    {
                        Results.Ready = true;
                        changed();
                    }
                }
            }
            else
            {
                (successes, failures) = (0, failures + 1);
                events.Record(pod, "Warning", "Unhealthy", $"{kind} probe failed: {problem}", ContainerFieldPaths.Of(pod, container));
                if (failures >= (probe.FailureThreshold ?? 3))
                {
                    if (kind == "Readiness")
                    {
                        if (Results.Ready)
                        {
                            Results.Ready = false;
                            changed();
                        }
                    }
                    else
                    {
                        Results.KillGraceSeconds = probe.TerminationGracePeriodSeconds;
                        Results.KillReason = $"Container {container.Name} failed {kind.ToLowerInvariant()} probe, will be restarted";
                        changed();
                        return false;
                    }
                }
            }
            await LongDurations.DelayAsync(LongDurations.FromSeconds(probe.PeriodSeconds ?? 10), time, cancellationToken);
        }
    }

    private async ValueTask<string?> TryAsync(V1Probe probe, CancellationToken cancellationToken)
    {
        var timeout = LongDurations.ForTimer(LongDurations.FromSeconds(probe.TimeoutSeconds ?? 1));
        if (probe.Exec is { } exec)
        {
            return await ExecAsync([.. exec.Command], timeout, cancellationToken);
        }
        if (probe.HttpGet is { } http)
        {
            var target = ProbeTarget.Of(http, container, podAddress);
            return target.Problem
                ?? await prober.HttpAsync(
                    target.Uri!,
                    [.. (http.HttpHeaders ?? []).Select(h => KeyValuePair.Create(h.Name, h.Value))],
                    timeout,
                    cancellationToken
                );
        }
        if (probe.TcpSocket is { } tcp)
        {
            var target = ProbeTarget.Of(tcp, container, podAddress);
            return target.Problem ?? await prober.TcpAsync(target.Host, target.Port, timeout, cancellationToken);
        }
        if (probe.Grpc is { } grpc)
        {
            return await prober.GrpcAsync(podAddress, grpc.Port, grpc.Service ?? "", timeout, cancellationToken);
        }
        return "missing probe handler"; // The API refuses such a probe.
    }

    private async ValueTask<string?> ExecAsync(IReadOnlyList<string> command, TimeSpan timeout, CancellationToken cancellationToken)
    {
        try
        {
            var result = await runtime.ExecAsync(running.Id, command, timeout, cancellationToken);
            return result.ExitCode == 0 ? null : Encoding.UTF8.GetString([.. result.Output, .. result.ErrorOutput]).Trim();
        }
        catch (TimeoutException)
        {
            return $"command timed out: \"{string.Join(' ', command)}\" timed out after {timeout.TotalSeconds:0}s";
        }
        catch (RuntimeException e)
        {
            return e.Message;
        }
    }
}
