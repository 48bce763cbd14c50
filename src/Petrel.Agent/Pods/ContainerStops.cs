using k8s.Models;
using Petrel.Agent.Probes;
using Petrel.Agent.Runtimes;
using Petrel.Model.Timing;
using Petrel.Workloads;

namespace Petrel.Agent.Pods;

/// <summary>
/// The stops of one pod's containers. Each container is stopped once, whatever requests it how often. Sidecars are sent SIGTERM after the
/// main containers have exited, in the reverse order of their start (upstream: the termination ordering of kuberuntime).
/// </summary>
/// <param name="context">The shared dependencies of pod workers.</param>
/// <param name="failed">Called with the problem whenever the runtime can't stop a container.</param>
/// <param name="wake">Called when a stop has ended.</param>
internal sealed class ContainerStops(PodWorkerContext context, Action<string> failed, Action wake)
{
    private const long DefaultGraceSeconds = 30;

    private readonly SortedDictionary<string, ContainerStop> _stops = new(StringComparer.Ordinal);

    /// <summary>The time that the containers of a pod have to exit. A negative one counts as a second (as upstream).</summary>
    public static TimeSpan GraceOf(V1Pod pod)
    {
        var seconds = (pod.Metadata.DeletionTimestamp is null ? null : pod.Metadata.DeletionGracePeriodSeconds)
            ?? pod.Spec.TerminationGracePeriodSeconds
            ?? DefaultGraceSeconds;
        return LongDurations.FromSeconds(seconds < 0 ? 1 : seconds);
    }

    public bool IsStopping(string containerId) => _stops.ContainsKey(containerId);

    /// <summary>
    /// Stops the running containers of a pod that ends. Containers that are stopping already may only get a shorter grace.
    /// </summary>
    public void StopAll(V1Pod pod, IReadOnlyList<ContainerStatus> running, TimeSpan grace, CancellationToken cancellationToken)
    {
        List<(ContainerStatus Container, V1Container? Spec)> begun = [];
        foreach (var container in running)
        {
            if (_stops.TryGetValue(container.Id, out var stop))
            {
                stop.Shorten(grace);
            }
            else
            {
                var spec = SpecOf(pod, container.Name);
                _stops[container.Id] = Create(container, grace);
                begun.Add((container, spec));
            }
        }
        // Start them only when all of them exist, because a sidecar waits for the stops of others.
        foreach (var (container, spec) in begun)
        {
            Start(pod, container, spec, $"Stopping container {container.Name}", Before(pod, container, running), cancellationToken);
        }
    }

    /// <summary>Stops one container of a pod that goes on, because of a failed probe or hook.</summary>
    public void StopOne(V1Pod pod, ContainerStatus container, TimeSpan grace, string message, CancellationToken cancellationToken)
    {
        if (!_stops.ContainsKey(container.Id))
        {
            _stops[container.Id] = Create(container, grace);
            Start(pod, container, SpecOf(pod, container.Name), message, [], cancellationToken);
        }
    }

    /// <summary>Ends the stops of containers that no longer run, and waits for them.</summary>
    public async ValueTask ObserveAsync(IReadOnlyList<ContainerStatus> containers)
    {
        var running = containers.Where(c => c.State == ContainerState.Running).Select(c => c.Id).ToHashSet(StringComparer.Ordinal);
        foreach (var (id, stop) in _stops.Where(s => !running.Contains(s.Key)).ToList())
        {
            stop.SetExited();
            await stop.Completion;
            _stops.Remove(id);
        }
    }

    /// <summary>Waits until every stop has ended. Call after the token of the stops was cancelled.</summary>
    public async ValueTask WaitAsync()
    {
        foreach (var stop in _stops.Values)
        {
            await stop.Completion;
        }
        _stops.Clear();
    }

    private static V1Container? SpecOf(V1Pod pod, string name) =>
        pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).FirstOrDefault(c => c.Name == name);

    private ContainerStop Create(ContainerStatus container, TimeSpan grace) =>
        new(context.Runtime, context.Time, container.Id, grace, failed);

    // The stops of the containers that must exit before a sidecar is sent SIGTERM: the main containers and the sidecars that start later.
    private List<ContainerStop> Before(V1Pod pod, ContainerStatus container, IReadOnlyList<ContainerStatus> running)
    {
        var sidecars = (pod.Spec.InitContainers ?? []).Where(PodStates.IsSidecar).Select(c => c.Name).ToList();
        var position = sidecars.IndexOf(container.Name);
        if (position < 0)
        {
            return [];
        }
        var first = pod.Spec.Containers.Select(c => c.Name).Concat(sidecars.Skip(position + 1)).ToHashSet(StringComparer.Ordinal);
        return [.. running.Where(c => first.Contains(c.Name)).Select(c => _stops[c.Id])];
    }

    private void Start(
        V1Pod pod,
        ContainerStatus container,
        V1Container? spec,
        string message,
        List<ContainerStop> others,
        CancellationToken cancellationToken
    )
    {
        if (spec is not null)
        {
            context.Events.Record(pod, "Normal", "Killing", message, ContainerFieldPaths.Of(pod, spec));
        }
        Func<TimeSpan, CancellationToken, Task>? hook = spec?.Lifecycle?.PreStop is { } handler
            ? (grace, token) => LifecycleHooks.RunPreStopAsync(context, pod, spec, container.Id, handler, grace, token)
            : null;
        var stop = _stops[container.Id];
        stop.Completion = RunAsync(stop, hook, others, cancellationToken);
    }

    private async Task RunAsync(
        ContainerStop stop,
        Func<TimeSpan, CancellationToken, Task>? hook,
        List<ContainerStop> others,
        CancellationToken cancellationToken
    )
    {
        await stop.RunAsync(hook, others, cancellationToken);
        wake();
    }
}
