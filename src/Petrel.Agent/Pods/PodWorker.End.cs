using k8s.Models;
using Petrel.Agent.Probes;
using Petrel.Agent.Runtimes;
using Petrel.Client;
using Petrel.Workloads;

namespace Petrel.Agent.Pods;

/// <content>
/// Pod termination: stops the containers within their grace period, reports the last status, removes the sandbox, the volumes and the
/// files, and deletes the API object.
/// </content>
internal sealed partial class PodWorker
{
    private readonly SortedDictionary<string, Task> _stopping = new(StringComparer.Ordinal);
    private CancellationTokenSource? _stop;
    private long _grace = long.MaxValue;

    private async ValueTask EndAsync(
        V1Pod pod,
        IReadOnlyList<SandboxStatus> sandboxes,
        IReadOnlyList<ContainerStatus> containers,
        CancellationToken cancellationToken
    )
    {
        var sandbox = sandboxes.MaxBy(s => s.Attempt);
        var running = containers.Where(c => c.State == ContainerState.Running).ToList();
        if (running.Count > 0)
        {
            foreach (var track in _tracks.Values)
            {
                await track.StopProbesAsync();
            }
            Stop(pod, running, cancellationToken);
            await ReportAsync(pod, sandbox, ended: false, cancellationToken);
            return; // The runtime wakes this worker when one has exited.
        }
        await Task.WhenAll(_stopping.Values);
        _stopping.Clear();
        if (sandboxes.Count > 0 || !pod.IsFinished())
        {
            await ReportAsync(pod, sandbox, ended: true, cancellationToken);
        }
        if (pod.Metadata.DeletionTimestamp is null && !_gone)
        {
            // The pod finished by itself. Release its network, but keep its containers for their logs until the pod is deleted.
            if (sandbox is { State: SandboxState.Ready })
            {
                await _context.Runtime.StopSandboxAsync(sandbox.Id, cancellationToken);
            }
            return;
        }
        foreach (var one in sandboxes)
        {
            await _context.Runtime.RemoveSandboxAsync(one.Id, cancellationToken);
        }
        await _context.Volumes.TearDownAsync(_uid, cancellationToken);
        await _context.Files.RemovePodAsync(pod.Metadata.NamespaceProperty, pod.Metadata.Name, _uid, cancellationToken);
        if (!_gone)
        {
            await _context.Client.DeleteAsync<V1Pod>(
                pod.Key(),
                new V1DeleteOptions
                {
                    GracePeriodSeconds = 0,
                    Preconditions = new() { Uid = _uid },
                },
                cancellationToken
            );
        }
        _finished = true;
    }

    // Starts stopping the running containers. A shorter grace period replaces that of an earlier call.
    private void Stop(V1Pod pod, List<ContainerStatus> running, CancellationToken cancellationToken)
    {
        var grace =
            _gone ? 0
            : pod.Metadata.DeletionTimestamp is not null
                ? pod.Metadata.DeletionGracePeriodSeconds ?? pod.Spec.TerminationGracePeriodSeconds ?? 30
            : pod.Spec.TerminationGracePeriodSeconds ?? 30;
        if (grace >= _grace && running.All(c => _stopping.ContainsKey(c.Id)))
        {
            return;
        }
        _grace = grace;
        _stop?.Cancel();
        _stop?.Dispose();
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sidecars = (pod.Spec.InitContainers ?? []).Where(PodStates.IsSidecar).Select(c => c.Name).ToHashSet(StringComparer.Ordinal);
        var mainsRun = running.Any(c => !sidecars.Contains(c.Name));
        foreach (var container in running)
        {
            // Stop sidecars only after the main containers.
            if (mainsRun && sidecars.Contains(container.Name) && grace > 0)
            {
                continue;
            }
            var spec = pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).FirstOrDefault(c => c.Name == container.Name);
            if (!_stopping.ContainsKey(container.Id) && spec is not null)
            {
                _context.Events.Record(pod, "Normal", "Killing", $"Stopping container {container.Name}", ProbeRunner.FieldPath(spec));
            }
            _stopping[container.Id] = StopOneAsync(spec, container, TimeSpan.FromSeconds(grace), _stop.Token);
        }
    }

    private async Task StopOneAsync(V1Container? spec, ContainerStatus container, TimeSpan grace, CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            var start = _context.Time.GetTimestamp();
            if (spec?.Lifecycle?.PreStop is { } hook && grace > TimeSpan.Zero)
            {
                await RunHookAsync(hook, container.Id, grace, cancellationToken);
                grace -= _context.Time.GetElapsedTime(start);
                grace = grace < TimeSpan.FromSeconds(2) ? TimeSpan.FromSeconds(2) : grace; // Upstream leaves at least two seconds.
            }
            await _context.Runtime.StopContainerAsync(container.Id, grace, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // A call with a shorter grace period replaced this one, or the agent is stopping.
        }
        catch (RuntimeException e)
        {
            LogSyncFailed(_context.Logger, _pod.Metadata.NamespaceProperty, _pod.Metadata.Name, e.Message);
            _stopping.Remove(container.Id);
        }
        Wake();
    }

    private async ValueTask RunHookAsync(V1LifecycleHandler hook, string containerId, TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            if (hook.Exec is { } exec)
            {
                await _context.Runtime.ExecAsync(containerId, [.. exec.Command], limit, cancellationToken);
            }
            else if (hook.Sleep is { } sleep)
            {
                var duration = TimeSpan.FromSeconds(sleep.Seconds);
                await Task.Delay(duration < limit ? duration : limit, _context.Time, cancellationToken);
            }
            else if (hook.HttpGet is { } http)
            {
                var host = string.IsNullOrEmpty(http.Host) ? _pod.Status?.PodIP : http.Host;
                await _context.Prober.HttpAsync(
                    new Uri($"{(http.Scheme ?? "HTTP").ToLowerInvariant()}://{host}:{http.Port.Value}{http.Path ?? "/"}"),
                    [],
                    limit,
                    cancellationToken
                );
            }
        }
        catch (Exception e) when (e is RuntimeException or TimeoutException)
        {
            _context.Events.Record(_pod, "Warning", "FailedPreStopHook", $"PreStopHook failed: {e.Message}");
        }
    }
}
