using k8s.Models;
using Petrel.Agent.Probes;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Sources;
using Petrel.Agent.Volumes;
using Petrel.Model.Documents;
using Petrel.Model.Timing;
using Petrel.Workloads;

namespace Petrel.Agent.Pods;

/// <summary>Pod startup: the sandbox, init containers in order, containers, restarts.</summary>
internal sealed partial class PodWorker
{
    // The back-off of a container that ran this long is reset (as upstream).
    private static readonly TimeSpan BackOffReset = TimeSpan.FromMinutes(10);

    // The initial and maximum delay between attempts to set up the pod's volumes (as upstream).
    private static readonly TimeSpan MinMountRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MaxMountRetry = TimeSpan.FromSeconds(122);

    private TimeSpan _mountRetry = MinMountRetry;

    private async ValueTask<SandboxStatus?> StartSandboxAsync(
        V1Pod pod,
        IReadOnlyList<SandboxStatus> old,
        CancellationToken cancellationToken
    )
    {
        // Remove old sandboxes: after a power cut, the runtime has records of sandboxes and containers that no longer exist.
        foreach (var dead in old)
        {
            await _context.Runtime.RemoveSandboxAsync(dead.Id, cancellationToken);
        }
        foreach (var track in _tracks.Values)
        {
            track.Forget();
        }
        try
        {
            if (pod.Spec.HostUsers == false)
            {
                // Pod security admits more for such pods, so they must not run as users of the node.
                throw new RuntimeException(
                    "CreatePodSandboxError",
                    "can't set `spec.hostUsers: false`, runtime does not support user namespaces"
                );
            }
            var attempt = old.Count == 0 ? 0 : old.Max(s => s.Attempt) + 1;
            return await _context.Runtime.RunSandboxAsync(SandboxSpecs.Create(pod, _context.Settings, attempt), cancellationToken);
        }
        catch (Exception e) when (e is RuntimeException or PodSourceException)
        {
            _context.Events.Record(pod, "Warning", "FailedCreatePodSandBox", $"Failed to create pod sandbox: {e.Message}");
            WakeIn(TimeSpan.FromSeconds(2));
            return null;
        }
    }

    private async ValueTask StartContainersAsync(V1Pod pod, SandboxStatus sandbox, CancellationToken cancellationToken)
    {
        PodVolumes volumes;
        try
        {
            volumes = await _context.Volumes.SetUpAsync(pod, cancellationToken);
        }
        catch (PodSourceException e)
        {
            _context.Events.Record(pod, "Warning", e.Reason, e.Message);
            WakeIn(_mountRetry);
            _mountRetry = _mountRetry * 2 < MaxMountRetry ? _mountRetry * 2 : MaxMountRetry;
            return;
        }
        _mountRetry = MinMountRetry;
        if (volumes.RefreshAt is { } due)
        {
            WakeIn(due - _context.Time.GetUtcNow());
        }
        var begun = pod.Spec.Containers.Any(c => Track(c.Name).Current is not null);
        foreach (var init in pod.Spec.InitContainers ?? [])
        {
            var track = Track(init.Name);
            var sidecar = init.IsSidecar();
            if (!sidecar && (begun || track.Current is { State: ContainerState.Exited, ExitCode: 0 }))
            {
                continue;
            }
            await SyncContainerAsync(pod, sandbox, init, volumes, cancellationToken);
            if (track.HookRuns)
            {
                return; // As upstream: the next container starts after the postStart hook has ended.
            }
            if (!begun && !(sidecar && track.Current?.State == ContainerState.Running && track.Probes?.Started != false))
            {
                return;
            }
        }
        foreach (var container in pod.Spec.Containers)
        {
            await SyncContainerAsync(pod, sandbox, container, volumes, cancellationToken);
            if (Track(container.Name).HookRuns)
            {
                return;
            }
        }
    }

    // Syncs one container: depending on its state and restart policy, it is started, probed or restarted.
    private async ValueTask SyncContainerAsync(
        V1Pod pod,
        SandboxStatus sandbox,
        V1Container container,
        PodVolumes volumes,
        CancellationToken cancellationToken
    )
    {
        var track = Track(container.Name);
        var now = _context.Time.GetUtcNow();
        if (track.Current is { State: ContainerState.Running } running)
        {
            (track.WaitingReason, track.WaitingMessage) = ("", "");
            if (_stops.IsStopping(running.Id))
            {
                return;
            }
            await ProbeAsync(pod, sandbox, container, track, running, cancellationToken);
            if (track.HookProblem is not null)
            {
                await track.StopProbesAsync();
                _stops.StopOne(pod, running, GraceOf(pod), "FailedPostStartHook", cancellationToken);
            }
            else if (track.Probes is { KillReason: { } reason } probes)
            {
                await track.StopProbesAsync();
                var grace = probes.KillGraceSeconds is { } seconds ? LongDurations.FromSeconds(seconds) : GraceOf(pod);
                _stops.StopOne(pod, running, grace, reason, cancellationToken);
            }
            return;
        }
        if (track.Current is { State: ContainerState.Exited } exited)
        {
            await track.StopProbesAsync();
            await track.StopHookAsync();
            if (!RestartRules.Restarts(pod, container, exited.ExitCode ?? 0))
            {
                return;
            }
            var delay = BackOff(track, exited);
            var due = (exited.FinishedAt ?? now) + delay;
            if (now < due)
            {
                if (track.WaitingReason != "CrashLoopBackOff")
                {
                    _context.Events.Record(
                        pod,
                        "Warning",
                        "BackOff",
                        $"Back-off restarting failed container {container.Name} in pod "
                            + $"{pod.Metadata.Name}_{pod.Metadata.NamespaceProperty}({_uid})",
                        ContainerFieldPaths.Of(pod, container)
                    );
                }
                track.WaitingReason = "CrashLoopBackOff";
                track.WaitingMessage =
                    $"back-off {GoDuration.Format(delay)} restarting failed container={container.Name} "
                    + $"pod={pod.Metadata.Name}_{pod.Metadata.NamespaceProperty}({_uid})";
                WakeIn(due - now);
                return;
            }
        }
        if (track.NotBefore is { } notBefore && now < notBefore)
        {
            ShowPullBackOff(pod, container, track);
            WakeIn(notBefore - now);
            return;
        }
        track.PullBacksOffAt = null;
        await StartAsync(pod, sandbox, container, track, volumes, cancellationToken);
    }

    private ValueTask ProbeAsync(
        V1Pod pod,
        SandboxStatus sandbox,
        V1Container container,
        ContainerTrack track,
        ContainerStatus running,
        CancellationToken cancellationToken
    ) =>
        track.EnsureProbesAsync(
            () =>
                new ProbeRunner(
                    pod,
                    container,
                    running,
                    AddressOf(sandbox),
                    _context.Runtime,
                    _context.Prober,
                    _context.Events,
                    _context.Time,
                    Wake
                ),
            cancellationToken
        );

    private string AddressOf(SandboxStatus sandbox) => sandbox.Addresses.Count > 0 ? sandbox.Addresses[0] : _context.Settings.NodeAddress;

    private TimeSpan BackOff(ContainerTrack track, ContainerStatus exited)
    {
        if (exited.StartedAt is { } started && exited.FinishedAt is { } finished && finished - started >= BackOffReset)
        {
            track.BackOffFrom = exited.Attempt;
        }
        var restarts = exited.Attempt - track.BackOffFrom;
        return restarts == 0
            ? TimeSpan.Zero
            : TimeSpan.FromTicks(
                (long)Math.Min(_context.Settings.BackOffBase.Ticks * Math.Pow(2, restarts - 1), _context.Settings.BackOffLimit.Ticks)
            );
    }

    private async ValueTask StartAsync(
        V1Pod pod,
        SandboxStatus sandbox,
        V1Container container,
        ContainerTrack track,
        PodVolumes volumes,
        CancellationToken cancellationToken
    )
    {
        var path = ContainerFieldPaths.Of(pod, container);
        try
        {
            if (!await EnsureImageAsync(pod, container, track, cancellationToken))
            {
                return;
            }
            var services = _context.ServicesOf(pod.Metadata.NamespaceProperty);
            var environment = await _context.Environment.CreateAsync(pod, container, sandbox.Addresses, services, cancellationToken);
            var mounts = await ContainerMounts.CreateAsync(_context.Files, pod, container, environment, volumes, cancellationToken);
            // An agent that died between creating and starting the container left it Created: start that one.
            var attempt = track.Current is { State: ContainerState.Created } created ? created.Attempt : track.NextAttempt;
            if (await TerminationMessages.MountAsync(_context.Files, pod, container, attempt, cancellationToken) is { } message)
            {
                mounts = [.. mounts, message];
            }
            var id = await _context.Runtime.CreateContainerAsync(
                sandbox.Id,
                ContainerSpecs.Create(pod, container, attempt, environment, mounts, LogPath(pod, container, attempt)),
                cancellationToken
            );
            _context.Events.Record(pod, "Normal", "Created", $"Container created", path);
            await _context.Runtime.StartContainerAsync(id, cancellationToken);
            _context.Events.Record(pod, "Normal", "Started", $"Container started", path);
            (track.WaitingReason, track.WaitingMessage, track.NotBefore) = ("", "", null);
            var status = await _context.Runtime.GetPodStatusAsync(_uid, cancellationToken);
            await ObserveAsync(pod, container, status.Containers, cancellationToken);
            if (track.Current is { State: ContainerState.Running } running)
            {
                if (container.Lifecycle?.PostStart is { } hook)
                {
                    var host = AddressOf(sandbox);
                    track.StartHook(
                        token => LifecycleHooks.RunPostStartAsync(_context, pod, container, id, hook, host, token),
                        Wake,
                        cancellationToken
                    );
                }
                await ProbeAsync(pod, sandbox, container, track, running, cancellationToken);
            }
            else
            {
                Wake();
            }
        }
        catch (IOException e)
        {
            // For example, the node's disk is full.
            Fail(track, "CreateContainerError", e.Message);
            _context.Events.Record(pod, "Warning", "Failed", $"Error: {e.Message}", path);
        }
        catch (PodSourceException e)
        {
            Fail(track, e.Reason, e.Message);
            _context.Events.Record(pod, "Warning", "Failed", $"Error: {e.Message}", path);
        }
        catch (RuntimeException e)
        {
            Fail(track, e.Reason, e.Message);
            _context.Events.Record(pod, "Warning", "Failed", $"Error: {e.Message}", path);
        }
    }

    private string LogPath(V1Pod pod, V1Container container, int attempt) =>
        _context.Files.LogPath(pod.Metadata.NamespaceProperty, pod.Metadata.Name, _uid, container.Name, attempt);

    private void Fail(ContainerTrack track, string reason, string message)
    {
        (track.WaitingReason, track.WaitingMessage) = (reason, message);
        track.NotBefore = _context.Time.GetUtcNow() + TimeSpan.FromSeconds(2);
        WakeIn(TimeSpan.FromSeconds(2));
    }
}
