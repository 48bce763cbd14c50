using k8s.Models;
using Petrel.Agent.Runtimes;
using Petrel.Client;
using Petrel.Model.Timing;
using Petrel.Workloads;

namespace Petrel.Agent.Pods;

/// <content>
/// Pod termination: stops the containers within their grace period, reports the last status, removes the sandbox, the volumes and the
/// files, and deletes the API object.
/// </content>
internal sealed partial class PodWorker
{
    private const long DefaultGraceSeconds = 30;

    private readonly ContainerStops _stops;

    // The time that the pod's containers have to exit.
    private TimeSpan GraceOf(V1Pod pod) =>
        _gone
            ? TimeSpan.Zero
            : LongDurations.FromSeconds(
                (pod.Metadata.DeletionTimestamp is null ? null : pod.Metadata.DeletionGracePeriodSeconds)
                    ?? pod.Spec.TerminationGracePeriodSeconds
                    ?? DefaultGraceSeconds
            );

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
                await track.StopHookAsync();
            }
            _stops.StopAll(pod, running, GraceOf(pod), cancellationToken);
            await ReportAsync(pod, sandbox, ended: false, cancellationToken);
            return; // The runtime wakes this worker when one has exited.
        }
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
}
