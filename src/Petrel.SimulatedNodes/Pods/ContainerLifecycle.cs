using System.Security.Cryptography;
using System.Text;
using k8s.Models;
using Petrel.Agent.Pods;
using Petrel.Agent.Probes;
using Petrel.Agent.Runtimes;
using Petrel.Model.Documents;

namespace Petrel.SimulatedNodes.Pods;

/// <summary>
/// The lifecycle of one container. Each run begins, then exits by itself or is stopped, and may restart after its back-off. Timestamps
/// are the times at which transitions were due, even when the reconciler runs later.
/// </summary>
internal sealed class ContainerLifecycle(V1Container container, PodBehaviour behaviour, PodSnapshot facts, bool isSidecar)
{
    // The back-off resets after a container has run this long (upstream).
    private static readonly TimeSpan BackOffReset = TimeSpan.FromMinutes(10);

    private readonly string _restartPolicy = isSidecar ? "Always" : facts.Pod.Spec.RestartPolicy;
    private ContainerStatus? _current;
    private ContainerStatus? _previous;
    private DateTimeOffset? _endsAt;
    private DateTimeOffset? _restartsAt;
    private TimeSpan _backOff;
    private int _exitCode;
    private int _backOffFrom;

    public bool IsRunning => _current?.State == ContainerState.Running;

    /// <summary>The container has terminated and will not restart.</summary>
    public bool IsOver => _current?.State == ContainerState.Exited && _restartsAt is null;

    /// <summary>When the container's next own transition is due; null for none.</summary>
    public DateTimeOffset? Due => IsRunning ? _endsAt : _restartsAt;

    public void Start(DateTimeOffset at)
    {
        var attempt = (_current?.Attempt ?? -1) + 1;
        _previous = _current ?? _previous;
        _restartsAt = null;
        Begin(behaviour.ContainerId(container.Name, attempt), attempt, at);
    }

    /// <summary>Applies the transitions that are due. Returns whether there were any.</summary>
    public bool Advance(DateTimeOffset now)
    {
        if (Due is not { } due || due > now)
        {
            return false;
        }
        if (IsRunning)
        {
            Exit(due, _exitCode, mayRestart: true);
        }
        else
        {
            Start(due);
        }
        return true;
    }

    /// <summary>Stops the container. It will not restart.</summary>
    public void Stop(DateTimeOffset at, int exitCode)
    {
        _restartsAt = null;
        if (IsRunning)
        {
            Exit(at, exitCode, mayRestart: false);
        }
    }

    /// <summary>Restores the state that an earlier simulator reported. Returns whether there was any.</summary>
    public bool Resume(V1ContainerStatus reported)
    {
        if (reported.State?.Running is { StartedAt: { } started })
        {
            Begin(IdOf(reported.ContainerID), reported.RestartCount, new(started.ToUniversalTime()));
            _previous = Ended(reported.LastState?.Terminated, reported.RestartCount - 1);
            return true;
        }
        if ((reported.State?.Terminated ?? reported.LastState?.Terminated) is not { } terminated)
        {
            return false;
        }
        _current = Ended(terminated, reported.RestartCount);
        DecideRestart(_current!.FinishedAt ?? _current.CreatedAt, _current.ExitCode ?? 0);
        return true;
    }

    public ContainerView View() =>
        new(
            _current,
            _previous,
            IsRunning ? new ProbeResults { Started = true, Ready = true } : null,
            _restartsAt is null ? "" : "CrashLoopBackOff",
            _restartsAt is null
                ? ""
                : $"back-off {GoDuration.Format(_backOff.Ticks * 100)} restarting failed container={container.Name} "
                    + $"pod={facts.Key.Name}_{facts.Key.Namespace}({facts.Uid})",
            _current?.Attempt ?? 0
        );

    private void Begin(string id, int attempt, DateTimeOffset at)
    {
        _current = Status(id, attempt) with { State = ContainerState.Running, CreatedAt = at, StartedAt = at };
        var end = behaviour.EndOf(container.Name, attempt, _restartPolicy == "Always");
        _endsAt = at + end?.After;
        _exitCode = end?.ExitCode ?? 0;
    }

    private void Exit(DateTimeOffset at, int exitCode, bool mayRestart)
    {
        _current = _current! with
        {
            State = ContainerState.Exited,
            FinishedAt = at,
            ExitCode = exitCode,
            Reason = exitCode == 0 ? "Completed" : "Error",
        };
        _endsAt = null;
        if (mayRestart)
        {
            DecideRestart(at, exitCode);
        }
    }

    private void DecideRestart(DateTimeOffset endedAt, int exitCode)
    {
        if (_restartPolicy == "Never" || (_restartPolicy == "OnFailure" && exitCode == 0))
        {
            return;
        }
        if (endedAt - _current!.StartedAt >= BackOffReset)
        {
            _backOffFrom = _current.Attempt;
        }
        _backOff = behaviour.BackOff(_current.Attempt - _backOffFrom);
        _restartsAt = endedAt + _backOff;
    }

    private ContainerStatus? Ended(V1ContainerStateTerminated? terminated, int attempt) =>
        terminated is null
            ? null
            : Status(IdOf(terminated.ContainerID), attempt) with
            {
                State = ContainerState.Exited,
                StartedAt = Utc(terminated.StartedAt),
                FinishedAt = Utc(terminated.FinishedAt),
                ExitCode = terminated.ExitCode,
                Reason = terminated.Reason ?? "",
            };

    private ContainerStatus Status(string id, int attempt) =>
        new()
        {
            Id = id,
            SandboxId = "",
            PodUid = facts.Uid,
            Name = container.Name,
            Attempt = attempt,
            Image = container.Image,
            ImageId = ImageIdOf(container.Image),
        };

    private static string IdOf(string? shown) => shown is null ? "" : shown[(shown.LastIndexOf('/') + 1)..];

    private static string ImageIdOf(string image)
    {
        var tag = image.LastIndexOf(':');
        var name =
            image.Contains('@') ? image[..image.IndexOf('@')]
            : tag > image.LastIndexOf('/') ? image[..tag]
            : image;
        return image.Contains('@') ? image : $"{name}@sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(image)))}";
    }

    private static DateTimeOffset? Utc(DateTime? at) => at is { } value ? new DateTimeOffset(value.ToUniversalTime()) : null;
}
