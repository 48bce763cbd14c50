using k8s.Models;
using Petrel.Agent.EnvironmentVariables;
using Petrel.Agent.Probes;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Sources;
using Petrel.Agent.Volumes;
using Petrel.Model.Documents;
using Petrel.Network.Pods;

namespace Petrel.Agent.Pods;

/// <summary>Bringing a pod up: sandbox, init containers in order, containers, restarts.</summary>
internal sealed partial class PodWorker
{
    // A container that ran this long has its back-off forgotten (upstream).
    private static readonly TimeSpan BackOffReset = TimeSpan.FromMinutes(10);

    // Between attempts to make the pod's volumes (upstream).
    private static readonly TimeSpan MinMountRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan MaxMountRetry = TimeSpan.FromSeconds(122);

    private TimeSpan _mountRetry = MinMountRetry;

    private async ValueTask<SandboxStatus?> StartSandboxAsync(
        V1Pod pod,
        IReadOnlyList<SandboxStatus> old,
        CancellationToken cancellationToken
    )
    {
        // A node that lost its power has sandboxes and containers on record that are no more.
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
            return await _context.Runtime.RunSandboxAsync(
                new SandboxSpec
                {
                    PodNamespace = pod.Metadata.NamespaceProperty,
                    PodName = pod.Metadata.Name,
                    PodUid = _uid,
                    Attempt = old.Count == 0 ? 0 : old.Max(s => s.Attempt) + 1,
                    Hostname = pod.Spec.Hostname is { Length: > 0 } hostname ? hostname : pod.Metadata.Name,
                    HostNetwork = pod.Spec.HostNetwork == true,
                    Limits = PodLimits(pod),
                    HostPorts =
                    [
                        .. from container in pod.Spec.Containers
                        from port in container.Ports ?? []
                        where port.HostPort is > 0 && pod.Spec.HostNetwork != true
                        select new HostPort(port.HostPort!.Value, port.ContainerPort, port.Protocol ?? "TCP", port.HostIP ?? ""),
                    ],
                },
                cancellationToken
            );
        }
        catch (RuntimeException e)
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
            var sidecar = PodStatusBuilder.IsSidecar(init);
            if (!sidecar && (begun || track.Current is { State: ContainerState.Exited, ExitCode: 0 }))
            {
                continue;
            }
            await AdvanceAsync(
                pod,
                sandbox,
                init,
                sidecar ? "Always"
                    : pod.Spec.RestartPolicy == "Never" ? "Never"
                    : "OnFailure",
                volumes,
                cancellationToken
            );
            if (!begun && !(sidecar && track.Current?.State == ContainerState.Running && track.Probes?.Started != false))
            {
                return;
            }
        }
        foreach (var container in pod.Spec.Containers)
        {
            await AdvanceAsync(pod, sandbox, container, pod.Spec.RestartPolicy, volumes, cancellationToken);
        }
    }

    // Takes the next step for one container, if there is one to take.
    private async ValueTask AdvanceAsync(
        V1Pod pod,
        SandboxStatus sandbox,
        V1Container container,
        string policy,
        PodVolumes volumes,
        CancellationToken cancellationToken
    )
    {
        var track = Track(container.Name);
        var now = _context.Time.GetUtcNow();
        if (track.Current is { State: ContainerState.Running } running)
        {
            (track.WaitingReason, track.WaitingMessage) = ("", "");
            await ProbeAsync(pod, sandbox, container, track, running, cancellationToken);
            if (track.Probes?.KillReason is { } reason)
            {
                _context.Events.Record(pod, "Normal", "Killing", reason, ProbeRunner.FieldPath(container));
                var probe = container.LivenessProbe?.TerminationGracePeriodSeconds ?? pod.Spec.TerminationGracePeriodSeconds ?? 30;
                await track.StopProbesAsync();
                await _context.Runtime.StopContainerAsync(running.Id, TimeSpan.FromSeconds(probe), cancellationToken);
                Wake();
            }
            return;
        }
        if (track.Current is { State: ContainerState.Exited } exited)
        {
            await track.StopProbesAsync();
            if (policy == "Never" || (policy == "OnFailure" && exited.ExitCode == 0))
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
                        ProbeRunner.FieldPath(container)
                    );
                }
                track.WaitingReason = "CrashLoopBackOff";
                track.WaitingMessage =
                    $"back-off {Go(delay)} restarting failed container={container.Name} "
                    + $"pod={pod.Metadata.Name}_{pod.Metadata.NamespaceProperty}({_uid})";
                WakeIn(due - now);
                return;
            }
        }
        if (track.NotBefore is { } notBefore && now < notBefore)
        {
            WakeIn(notBefore - now);
            return;
        }
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
                    running.Id,
                    sandbox.Addresses.Count > 0 ? sandbox.Addresses[0] : _context.Settings.NodeAddress,
                    _context.Runtime,
                    _context.Prober,
                    _context.Events,
                    _context.Time,
                    Wake
                ),
            cancellationToken
        );

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
        var path = ProbeRunner.FieldPath(container);
        try
        {
            if (!await EnsureImageAsync(pod, container, track, cancellationToken))
            {
                return;
            }
            var services = _context.ServicesOf(pod.Metadata.NamespaceProperty);
            var environment = await _context.Environment.CreateAsync(pod, container, sandbox.Addresses, services, cancellationToken);
            var attempt = track.NextAttempt;
            var id = await _context.Runtime.CreateContainerAsync(
                sandbox.Id,
                Spec(pod, container, attempt, environment, volumes),
                cancellationToken
            );
            _context.Events.Record(pod, "Normal", "Created", $"Container created", path);
            await _context.Runtime.StartContainerAsync(id, cancellationToken);
            _context.Events.Record(pod, "Normal", "Started", $"Container started", path);
            (track.WaitingReason, track.WaitingMessage, track.NotBefore) = ("", "", null);
            track.Observe((await _context.Runtime.GetPodStatusAsync(_uid, cancellationToken)).Containers, pod);
            if (track.Current is { State: ContainerState.Running } running)
            {
                await ProbeAsync(pod, sandbox, container, track, running, cancellationToken);
            }
            else
            {
                Wake();
            }
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

    private void Fail(ContainerTrack track, string reason, string message)
    {
        (track.WaitingReason, track.WaitingMessage) = (reason, message);
        track.NotBefore = _context.Time.GetUtcNow() + TimeSpan.FromSeconds(2);
        WakeIn(TimeSpan.FromSeconds(2));
    }

    private async ValueTask<bool> EnsureImageAsync(
        V1Pod pod,
        V1Container container,
        ContainerTrack track,
        CancellationToken cancellationToken
    )
    {
        var path = ProbeRunner.FieldPath(container);
        var present = await _context.Runtime.FindImageAsync(container.Image, cancellationToken);
        if (present is not null && container.ImagePullPolicy != "Always")
        {
            _context.Events.Record(pod, "Normal", "Pulled", $"Container image \"{container.Image}\" already present on machine", path);
            return true;
        }
        if (container.ImagePullPolicy == "Never")
        {
            Fail(track, "ErrImageNeverPull", $"Container image \"{container.Image}\" is not present with pull policy of Never");
            _context.Events.Record(pod, "Warning", "ErrImageNeverPull", track.WaitingMessage, path);
            return false;
        }
        _context.Events.Record(pod, "Normal", "Pulling", $"Pulling image \"{container.Image}\"", path);
        var start = _context.Time.GetTimestamp();
        try
        {
            var image = await _context.Runtime.PullImageAsync(container.Image, cancellationToken);
            track.PullFailures = 0;
            _context.Events.Record(
                pod,
                "Normal",
                "Pulled",
                $"Successfully pulled image \"{container.Image}\" in {Go(_context.Time.GetElapsedTime(start))}. Image size: "
                    + $"{image.SizeBytes} bytes.",
                path
            );
            return true;
        }
        catch (RuntimeException e) when (present is not null)
        {
            // Always means: ask the registry first. One that can't be reached does not stop an image that is here from running on this
            // machine's own store.
            LogPullSkipped(_context.Logger, container.Image, e.Message);
            _context.Events.Record(pod, "Normal", "Pulled", $"Container image \"{container.Image}\" already present on machine", path);
            return true;
        }
        catch (RuntimeException e)
        {
            _context.Events.Record(pod, "Warning", "Failed", $"Failed to pull image \"{container.Image}\": {e.Message}", path);
            track.WaitingReason = track.PullFailures == 0 ? e.Reason : "ImagePullBackOff";
            track.WaitingMessage = track.PullFailures == 0 ? e.Message : $"Back-off pulling image \"{container.Image}\": {e.Message}";
            var delay = TimeSpan.FromTicks(
                (long)
                    Math.Min(_context.Settings.BackOffBase.Ticks * Math.Pow(2, track.PullFailures++), _context.Settings.BackOffLimit.Ticks)
            );
            track.NotBefore = _context.Time.GetUtcNow() + delay;
            WakeIn(delay);
            return false;
        }
    }

    private ContainerSpec Spec(
        V1Pod pod,
        V1Container container,
        int attempt,
        IReadOnlyList<KeyValuePair<string, string>> environment,
        PodVolumes volumes
    )
    {
        var variables = environment.ToDictionary(e => e.Key, e => e.Value);
        string Expand(string text) => VariableExpansion.Expand(text, name => variables.GetValueOrDefault(name));
        return new ContainerSpec
        {
            Name = container.Name,
            Attempt = attempt,
            Image = container.Image,
            Command = [.. (container.Command ?? []).Select(Expand)],
            Args = [.. (container.Args ?? []).Select(Expand)],
            WorkingDirectory = container.WorkingDir ?? "",
            Environment = environment,
            Mounts =
            [
                .. (container.VolumeMounts ?? []).Select(m => new Mount(
                    SubPath(volumes.HostPaths[m.Name], m.SubPathExpr is { Length: > 0 } expression ? Expand(expression) : m.SubPath),
                    m.MountPath,
                    m.ReadOnlyProperty == true
                )),
            ],
            Limits = Limits(container),
            LogPath = _context.Files.LogPath(pod.Metadata.NamespaceProperty, pod.Metadata.Name, _uid, container.Name, attempt),
            Stdin = container.Stdin == true,
            Tty = container.Tty == true,
            Security = Security(pod, container),
        };
    }

    private static string SubPath(string volume, string? subPath) =>
        string.IsNullOrEmpty(subPath) ? volume
        : subPath.Split('/').Contains("..")
            ? throw new PodSourceException(PodSourceException.ContainerConfig, $"subPath must not contain '..': {subPath}")
        : Path.Combine(volume, subPath);

    private static ContainerSecurity Security(V1Pod pod, V1Container container)
    {
        var (own, shared) = (container.SecurityContext, pod.Spec.SecurityContext);
        return new()
        {
            RunAsUser = own?.RunAsUser ?? shared?.RunAsUser,
            RunAsGroup = own?.RunAsGroup ?? shared?.RunAsGroup,
            RunAsNonRoot = own?.RunAsNonRoot ?? shared?.RunAsNonRoot ?? false,
            SupplementalGroups = [.. (shared?.SupplementalGroups ?? []).OfType<long>().Concat(shared?.FsGroup is { } group ? [group] : [])],
            Privileged = own?.Privileged == true,
            ReadOnlyRootFilesystem = own?.ReadOnlyRootFilesystem == true,
            NoNewPrivileges = own?.AllowPrivilegeEscalation == false,
            AddCapabilities = [.. own?.Capabilities?.Add ?? []],
            DropCapabilities = [.. own?.Capabilities?.Drop ?? []],
        };
    }

    private static ResourceLimits Limits(V1Container container) =>
        new()
        {
            MilliCpu = Amount(container.Resources?.Limits, "cpu", q => q.MilliValue),
            MilliCpuRequest = Amount(container.Resources?.Requests, "cpu", q => q.MilliValue),
            Memory = Amount(container.Resources?.Limits, "memory", q => q.Value),
        };

    // Pod-wide limits exist only where every container has one.
    private static ResourceLimits PodLimits(V1Pod pod)
    {
        var each = pod.Spec.Containers.Select(Limits).ToList();
        return new()
        {
            MilliCpu = each.All(l => l.MilliCpu > 0) ? each.Sum(l => l.MilliCpu) : 0,
            MilliCpuRequest = each.Sum(l => l.MilliCpuRequest),
            Memory = each.All(l => l.Memory > 0) ? each.Sum(l => l.Memory) : 0,
        };
    }

    private static long Amount(IDictionary<string, ResourceQuantity>? list, string name, Func<Quantity, long> of) =>
        list is not null && list.TryGetValue(name, out var value) ? of(Quantity.Parse(value.ToString())) : 0;

    private static string Go(TimeSpan span) =>
        span.TotalMinutes >= 1 ? $"{(int)span.TotalMinutes}m{span.Seconds}s"
        : span.TotalSeconds >= 1 ? $"{span.TotalSeconds:0.###}s"
        : $"{span.TotalMilliseconds:0}ms";

    [Microsoft.Extensions.Logging.LoggerMessage(
        EventId = 5011,
        Level = Microsoft.Extensions.Logging.LogLevel.Debug,
        Message = "{Image} is used as it is: {Reason}"
    )]
    private static partial void LogPullSkipped(Microsoft.Extensions.Logging.ILogger logger, string image, string reason);
}
