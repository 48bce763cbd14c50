using System.Text.Json.Nodes;
using k8s.Models;
using Petrel.Agent;
using Petrel.Agent.Nodes;
using Petrel.Agent.Pods;
using Petrel.Agent.Runtimes;
using Petrel.Workloads;

namespace Petrel.SimulatedNodes.Pods;

/// <summary>The stage of a pod in its lifecycle.</summary>
internal enum PodStage
{
    Starting,
    Running,

    /// <summary>The pod is terminating, and its containers have not all terminated.</summary>
    Ending,

    /// <summary>All containers have terminated and none will restart.</summary>
    Over,
}

/// <summary>
/// The lifecycle of a pod on a simulated node. The pod starts after its start delay. Its containers run, fail and restart. It ends when its
/// containers have terminated or when it is deleted. The state depends only on the API object, the random draws and the time: there is no
/// I/O. Probes count as passed. Init containers complete within the start delay.
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
    /// <param name="behaviour">How its containers behave.</param>
    /// <param name="facts">The first observed state of the pod. A status that an earlier simulator reported is resumed.</param>
    /// <param name="address">The pod's IP address.</param>
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

    /// <summary>Increases with every change that is visible in the pod's status.</summary>
    public int Version { get; private set; } = 1;

    /// <summary>Whether the pod's containers are ready.</summary>
    public bool IsReady => Stage is PodStage.Running or PodStage.Ending && !_dies && _containers.Values.All(c => c.IsRunning);

    /// <summary>When the pod's next own transition is due; null for none.</summary>
    public DateTimeOffset? Due =>
        Stage switch
        {
            PodStage.Starting => Earlier(_startsAt, _deadline),
            PodStage.Over => null,
            _ => _containers.Values.Select(c => c.Due).Append(_endsAt).Append(_deadline).Aggregate((DateTimeOffset?)null, Earlier),
        };

    /// <summary>Applies the transitions that are due, in order.</summary>
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

    /// <summary>Builds the pod's status as the agent of its node would report it.</summary>
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

    // Applies the desired state from the API object, such as a deletion.
    private void Told(PodSnapshot facts, DateTimeOffset now)
    {
        if (facts.EndsWithin is not { } grace || Stage == PodStage.Over)
        {
            return;
        }
        if (Stage == PodStage.Starting)
        {
            // No container has started yet, so the pod terminates at once.
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
            // Sidecars terminate after the pod's main containers.
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

    // Init containers run one after the other. Each takes its share of the start delay.
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
