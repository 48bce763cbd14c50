using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Agent;
using Petrel.Agent.Nodes;
using Petrel.Agent.Pods;
using Petrel.Agent.Runtimes;
using Petrel.Workloads;

namespace Petrel.SimulatedNodes.Pods;

/// <summary>Where a pod is in its life.</summary>
internal enum PodStage
{
    Starting,
    Running,

    /// <summary>Told to end, and its containers have not yet.</summary>
    Ending,

    /// <summary>Its containers have ended and none will run again.</summary>
    Over,
}

/// <summary>
/// The life of a pod on a simulated node: it starts after its delay, its containers run, fail and are started again, it is over when they
/// are, and it ends when it is told to. A function of what the API says of the pod, of the draws and of the time: no I/O. Probes count as
/// passed; init containers have ended within the start delay.
/// </summary>
internal sealed class PodLifecycle
{
    private const int Killed = 137;

    private readonly AgentSettings _node;
    private readonly PodBehaviour _behaviour;
    private readonly SortedDictionary<string, ContainerLifecycle> _containers = new(StringComparer.Ordinal);
    private readonly List<string> _mains;
    private readonly string _address;
    private readonly DateTimeOffset _since;
    private DateTimeOffset _startsAt;
    private DateTimeOffset? _endsAt;
    private DateTimeOffset? _deadline;
    private bool _dies;
    private bool _failed;

    /// <param name="node">The pod's node.</param>
    /// <param name="behaviour">How it behaves.</param>
    /// <param name="facts">The pod as it is first seen: what an earlier simulator has reported of it goes on.</param>
    /// <param name="address">The pod's address.</param>
    /// <param name="now">The time.</param>
    public PodLifecycle(AgentSettings node, PodBehaviour behaviour, PodSnapshot facts, string address, DateTimeOffset now)
    {
        (_node, _behaviour, _address) = (node, behaviour, address);
        var spec = facts.Pod.Spec;
        _mains = [.. spec.Containers.Select(c => c.Name)];
        foreach (var container in spec.Containers.Concat((spec.InitContainers ?? []).Where(PodStates.IsSidecar)))
        {
            _containers[container.Name] = new(container, behaviour, facts, isSidecar: !_mains.Contains(container.Name));
        }
        _since = facts.Pod.Status.StartTime is { } start ? new DateTimeOffset(start.ToUniversalTime()) : now;
        _startsAt = _since + behaviour.StartDelay;
        _deadline = _since + facts.Deadline;
        Resume(facts);
    }

    public PodStage Stage { get; private set; }

    /// <summary>Grows with everything that the pod's status shows.</summary>
    public int Version { get; private set; } = 1;

    /// <summary>Whether its containers are ready.</summary>
    public bool IsReady => Stage is PodStage.Running or PodStage.Ending && !_dies && _containers.Values.All(c => c.IsRunning);

    /// <summary>When to look next even without news; null when nothing more happens by itself.</summary>
    public DateTimeOffset? Due =>
        Stage switch
        {
            PodStage.Starting => Earlier(_startsAt, _deadline),
            PodStage.Over => null,
            _ => _containers.Values.Select(c => c.Due).Append(_endsAt).Append(_deadline).Aggregate((DateTimeOffset?)null, Earlier),
        };

    /// <summary>Lets happen what is due, in order.</summary>
    public void Advance(PodSnapshot facts, DateTimeOffset now)
    {
        Told(facts, now);
        while (Due is { } due && due <= now)
        {
            if (_endsAt <= due)
            {
                End(_endsAt.Value, Killed, gracefully: _stopsInTime);
            }
            else if (_deadline <= due)
            {
                _failed = true;
                End(_deadline.Value, Killed, gracefully: false);
            }
            else if (Stage == PodStage.Starting)
            {
                Start(due);
            }
            else
            {
                Step(due);
            }
            Version++;
        }
    }

    /// <summary>The pod's status as its node's agent reports it.</summary>
    public JsonObject Status(PodSnapshot facts, DateTimeOffset now)
    {
        var views = new Dictionary<string, ContainerView>();
        foreach (var init in (facts.Pod.Spec.InitContainers ?? []).Where(c => !c.IsSidecar()))
        {
            views[init.Name] = InitView(init, facts);
        }
        foreach (var (name, life) in _containers)
        {
            views[name] = life.View();
        }
        var started = Stage != PodStage.Starting && _startsAt <= now;
        IReadOnlyList<string> addresses = started && _address.Length > 0 ? [_address] : [];
        var (reason, message) = _failed ? ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline") : ("", "");
        return PodStatusBuilder.Build(
            new(facts.Pod, _node, "simulated", addresses, started && Stage != PodStage.Over, views, reason, message, _dies, _since),
            now
        );
    }

    private bool _stopsInTime;

    private void Resume(PodSnapshot facts)
    {
        if (facts.HasEnded)
        {
            Stage = PodStage.Over;
        }
        var reported = (facts.Pod.Status.ContainerStatuses ?? []).Concat(facts.Pod.Status.InitContainerStatuses ?? []);
        foreach (var status in reported)
        {
            if (_containers.TryGetValue(status.Name, out var life) && life.Resume(status) && Stage == PodStage.Starting)
            {
                Stage = PodStage.Running;
                _startsAt = _since;
            }
        }
    }

    // What the API wants of the pod now.
    private void Told(PodSnapshot facts, DateTimeOffset now)
    {
        if (facts.EndsWithin is not { } grace || Stage == PodStage.Over)
        {
            return;
        }
        if (Stage == PodStage.Starting)
        {
            // There is nothing yet that could take its time.
            End(now, Killed, gracefully: false);
            Version++;
            return;
        }
        Stage = PodStage.Ending;
        var delay = _behaviour.StopDelay;
        var at = now + (delay < grace ? delay : grace);
        if (_endsAt is null || at < _endsAt)
        {
            (_endsAt, _stopsInTime) = (at, delay < grace);
        }
    }

    private void Start(DateTimeOffset at)
    {
        Stage = PodStage.Running;
        foreach (var container in _containers.Values)
        {
            container.Start(at);
        }
    }

    private void Step(DateTimeOffset now)
    {
        foreach (var container in _containers.Values)
        {
            container.Advance(now);
        }
        if (_mains.TrueForAll(name => _containers[name].IsOver))
        {
            // Sidecars end with those whom they serve.
            End(now, 0, gracefully: true);
            _dies = false;
        }
    }

    private void End(DateTimeOffset at, int exitCode, bool gracefully)
    {
        foreach (var container in _containers.Values)
        {
            container.Stop(at, gracefully ? 0 : exitCode);
        }
        _dies = true;
        _endsAt = _deadline = null;
        Stage = PodStage.Over;
    }

    // Init containers ran one after the other, each its part of the start delay.
    private ContainerView InitView(V1Container init, PodSnapshot facts)
    {
        if (Stage == PodStage.Starting)
        {
            return new(null, null, null, "", "", 0);
        }
        var at = _startsAt;
        return new(
            new ContainerStatus
            {
                Id = _behaviour.ContainerId(init.Name, 0),
                SandboxId = "",
                PodUid = facts.Uid,
                Name = init.Name,
                Image = init.Image,
                State = ContainerState.Exited,
                CreatedAt = _since,
                StartedAt = _since,
                FinishedAt = at,
                ExitCode = 0,
                Reason = "Completed",
            },
            null,
            null,
            "",
            "",
            0
        );
    }

    private static DateTimeOffset? Earlier(DateTimeOffset? left, DateTimeOffset? right) =>
        left is null ? right
        : right is null || left < right ? left
        : right;
}
