using k8s.Models;
using Petrel.Agent.Runtimes;
using Petrel.Client;

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
}

/// <summary>Runs the probes of one running container until cancelled.</summary>
internal sealed class ProbeRunner(
    V1Pod pod,
    V1Container container,
    string containerId,
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
        await Task.Delay(TimeSpan.FromSeconds(probe.InitialDelaySeconds ?? 0), time, cancellationToken);
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
                events.Record(pod, "Warning", "Unhealthy", $"{kind} probe failed: {problem}", FieldPath(container));
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
                        Results.KillReason = $"Container {container.Name} failed {kind.ToLowerInvariant()} probe, will be restarted";
                        changed();
                        return false;
                    }
                }
            }
            await Task.Delay(TimeSpan.FromSeconds(probe.PeriodSeconds ?? 10), time, cancellationToken);
        }
    }

    private async ValueTask<string?> TryAsync(V1Probe probe, CancellationToken cancellationToken)
    {
        var timeout = TimeSpan.FromSeconds(probe.TimeoutSeconds ?? 1);
        if (probe.Exec is { } exec)
        {
            try
            {
                var result = await runtime.ExecAsync(containerId, [.. exec.Command], timeout, cancellationToken);
                return result.ExitCode == 0 ? null : System.Text.Encoding.UTF8.GetString([.. result.Output, .. result.ErrorOutput]).Trim();
            }
            catch (TimeoutException)
            {
                return $"command timed out: \"{string.Join(' ', exec.Command)}\" timed out after {timeout.TotalSeconds:0}s";
            }
            catch (RuntimeException e)
            {
                return e.Message;
            }
        }
        if (probe.HttpGet is { } http)
        {
            var host = string.IsNullOrEmpty(http.Host) ? podAddress : http.Host;
            var uri = new Uri($"{(http.Scheme ?? "HTTP").ToLowerInvariant()}://{host}:{Port(http.Port)}{(http.Path ?? "/")}");
            return await prober.HttpAsync(
                uri,
                [.. (http.HttpHeaders ?? []).Select(h => KeyValuePair.Create(h.Name, h.Value))],
                timeout,
                cancellationToken
            );
        }
        if (probe.TcpSocket is { } tcp)
        {
            return await prober.TcpAsync(
                string.IsNullOrEmpty(tcp.Host) ? podAddress : tcp.Host,
                Port(tcp.Port),
                timeout,
                cancellationToken
            );
        }
        return "the probe names no exec, httpGet or tcpSocket (grpc probes are not supported yet)";
    }

    private int Port(IntOrString port) =>
        int.TryParse(port.Value, out var number) ? number : container.Ports?.FirstOrDefault(p => p.Name == port.Value)?.ContainerPort ?? 0;

    internal static string FieldPath(V1Container container) => $"spec.containers{{{container.Name}}}";
}
