using k8s.Models;
using Petrel.Client;
using Petrel.Model;
using Petrel.Scheduler.Binding;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Decisions;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Gangs;
using Petrel.Scheduler.Preemption;
using Petrel.Scheduler.Queue;

namespace Petrel.Scheduler;

/// <content>
/// Gangs: pods that carry a PodGroup's name. As long as fewer than its minMember have a place, they are placed together, in one go of the
/// loop: either enough get places, and are bound, or nobody keeps one. So two gangs never hold what the other needs. Once enough have
/// places, further pods are scheduled singly.
/// </content>
public sealed partial class PodScheduler
{
    private bool HasQuorum(Gang gang) => gang.Bound + Assumed(gang) >= gang.MinMember;

    // Those that have a place that is on its way to the API.
    private int Assumed(Gang gang) => gang.Pending.Count(p => _cluster.IsAssumed(p.Uid));

    private QueuedPod? TakeOfBrokenGang()
    {
        foreach (var gang in _gangs.Broken)
        {
            foreach (var pod in gang.Pending)
            {
                if (!_cluster.IsAssumed(pod.Uid) && _queue.TakeReady(pod.Key) is { } ready)
                {
                    return ready;
                }
            }
        }
        return null;
    }

    private void ScheduleGang(QueuedPod first, Gang gang, CancellationToken cancellationToken)
    {
        var others = gang.Pending.Where(p => !_cluster.IsAssumed(p.Uid) && p.Uid != first.Pod.Uid).ToArray();
        var held = gang.Bound + Assumed(gang);
        if (gang.Group is null)
        {
            Hold(first, gang, $"waiting for PodGroup \"{gang.Key.Name}\", which does not exist");
            return;
        }
        var needed = gang.MinMember - held;
        if (others.Length + 1 < needed)
        {
            // Only this one is put aside: the next that comes takes it along.
            Hold(first, gang, $"waiting for more pods of PodGroup \"{gang.Key.Name}\", which needs {gang.MinMember}");
            return;
        }
        QueuedPod[] round =
        [
            .. others
                .Select(p => _queue.TakeAlong(p.Key))
                .OfType<QueuedPod>()
                .Append(first)
                .OrderBy(q => -q.Pod.Priority)
                .ThenBy(q => q.Pod.Key),
        ];
        if (!Array.TrueForAll(round, IsAllKnown))
        {
            Array.ForEach(round, _queue.PutBack);
            return;
        }
        var (placed, refused) = PlaceTogether(round);
        if (placed.Count >= needed)
        {
            placed.ForEach(p => Note(p.Pod, gang, held + placed.Count));
            placed.ForEach(p => Admit(p, cancellationToken));
            refused.ForEach(r => Fail(r.Queued, r.Placement, cancellationToken));
            return;
        }
        placed.Reverse();
        placed.ForEach(Unplace);
        var preempted = Displace(round, gang, needed, cancellationToken);
        var count = $"gang: {held + placed.Count} of the {gang.MinMember} pods that PodGroup \"{gang.Key.Name}\" needs have a place";
        foreach (var (queued, placement) in refused)
        {
            PutAside(queued, gang, held + placed.Count, $"{placement.Message} {count}.", placement, preempted);
        }
        var cause = refused.Count == 0 ? "" : $"; {refused[0].Queued.Pod.Key}: {refused[0].Placement.Message}";
        foreach (var one in placed)
        {
            PutAside(one.Queued, gang, held + placed.Count, count + cause, new(null), preempted);
        }
    }

    private (List<PlacedPod> Placed, List<(QueuedPod Queued, Placement Placement)> Refused) PlaceTogether(IEnumerable<QueuedPod> round)
    {
        var (placed, refused) = (new List<PlacedPod>(), new List<(QueuedPod, Placement)>());
        foreach (var queued in round)
        {
            var cycle = CycleFor(queued.Pod);
            // Nobody is displaced before it is known that all of them can have a place.
            var placement = cycle.Schedule(queued.Pod, static (_, _) => null);
            if (placement.NodeName is null)
            {
                refused.Add((queued, placement));
                continue;
            }
            var one = new PlacedPod(queued, queued.Pod, placement.NodeName, placement.Node, cycle.Profile) { Since = _time.GetUtcNow() };
            _cluster.Place(one.Pod, one.NodeName, assumed: true);
            if (Reserve(one) is var (plugin, refusal))
            {
                _cluster.Forget(one.Pod.Uid);
                var retryOn = plugin is IRetryHints hints ? hints.RetryOn : ClusterEvents.Any;
                refused.Add((queued, new(null, string.Join(", ", refusal.Reasons), retryOn) { RefusedBy = [plugin] }));
                continue;
            }
            placed.Add(one);
        }
        return (placed, refused);
    }

    // Nobody was scheduled in between: whom its place was missing for is nobody.
    private void Unplace(PlacedPod placed)
    {
        Unreserve(placed);
        _cluster.Forget(placed.Pod.Uid);
    }

    private void Hold(QueuedPod queued, Gang gang, string message)
    {
        _queue.PutHeld(queued);
        _decisions?.Add(
            queued.Pod.Key,
            queued.Pod.Uid,
            new()
            {
                Time = _time.GetUtcNow(),
                Profile = CycleFor(queued.Pod).Profile.Name,
                Result = DecisionResult.WaitingForGang,
                Message = message,
                Nodes = _cluster.Nodes.Count,
                Gang = RecordOf(gang, gang.Bound + Assumed(gang)),
                WaitsFor = [gang.Group is null ? "its PodGroup is made" : "more pods of its gang are made"],
            }
        );
        ReportFailure(queued.Pod, "Unschedulable", message);
    }

    private void PutAside(
        QueuedPod queued,
        Gang gang,
        int places,
        string message,
        Placement placement,
        IReadOnlyDictionary<string, Candidate> preempted
    )
    {
        LogUnschedulable(_logger, queued.Pod.Key, message);
        var node = preempted.GetValueOrDefault(queued.Pod.Uid);
        _queue.PutUnschedulable(queued, placement.RetryOn, placement.RefusedBy);
        ReportFailure(queued.Pod, "Unschedulable", message);
        Note(queued.Pod, gang, places, decision =>
            decision with
            {
                Result = node is null ? DecisionResult.WaitingForGang : DecisionResult.Preempting,
                Node = node?.Node ?? decision.Node,
                Message = message,
                Preemption = node is { Victims.Count: > 0 } ? DefaultPreemption.RecordOf(node) : null,
                WaitsFor = decision.WaitsFor.Count > 0 ? decision.WaitsFor : ["another pod of its gang fits"],
            }
        );
    }

    private void Note(PodInfo pod, Gang gang, int places, Func<Decision, Decision>? change = null) =>
        _decisions?.Amend(pod.Uid, decision => (change?.Invoke(decision) ?? decision) with { Gang = RecordOf(gang, places) });

    private static GangRecord RecordOf(Gang gang, int places) =>
        new(gang.Key.Name, gang.Group?.Spec.MinMember ?? 0, gang.Bound + gang.Pending.Count, places);

    /// <summary>
    /// Makes room for a whole gang, or for nobody: tries, pod by pod, where each would fit if others of lower priority were gone, as if
    /// those before it had their places already. Only when enough of them would fit, the victims are ended, and the nodes nominated.
    /// Answers who waits for which node then.
    /// </summary>
    private SortedDictionary<string, Candidate> Displace(
        IReadOnlyList<QueuedPod> round,
        Gang gang,
        int needed,
        CancellationToken cancellationToken
    )
    {
        var none = new SortedDictionary<string, Candidate>(StringComparer.Ordinal);
        var preemption = CycleFor(round[0].Pod).Profile.PostFilter.OfType<DefaultPreemption>().FirstOrDefault();
        if (
            preemption is null
            // Those that it displaced still end: there are no more before they are gone, even when it waits for their nodes no longer.
            || gang.Victims.Any(v => _cluster.Find(v.Uid) is not null)
            || round.Any(q =>
                CycleFor(q.Pod) != CycleFor(round[0].Pod)
                || q.Pod.Priority <= _cluster.LowestPriority
                || preemption.Problem(q.Pod, new()) is not null
            )
        )
        {
            return none;
        }
        var chosen = new List<(PodInfo Pod, Candidate Candidate)>();
        var removed = new List<(PodInfo Pod, string Node, bool Assumed)>();
        foreach (var queued in round.TakeWhile(_ => chosen.Count < needed))
        {
            if (FindRoom(queued.Pod, gang, preemption) is not { } candidate)
            {
                continue;
            }
            foreach (var victim in candidate.Victims)
            {
                removed.Add((victim, candidate.Node, _cluster.IsAssumed(victim.Uid)));
                _cluster.Remove(victim.Uid);
            }
            _cluster.Place(queued.Pod, candidate.Node, assumed: true);
            chosen.Add((queued.Pod, candidate));
        }
        // It was a trial.
        chosen.ForEach(c => _cluster.Forget(c.Pod.Uid));
        removed.ForEach(r => _cluster.Place(r.Pod, r.Node, r.Assumed));
        if (chosen.Count < needed || removed.Count == 0)
        {
            return none;
        }
        gang.Victims = [.. removed.Select(r => r.Pod)];
        var act = preemption.Begin(chosen);
        chosen.ForEach(c => _cluster.Nominations.Set(c.Pod, c.Candidate.Node));
        Act(act, cancellationToken);
        var until = gang.Timeout;
        Act(stop => ReleaseAfterAsync(until, gang.Key, [.. chosen.Select(c => c.Pod)], stop), cancellationToken);
        return new(chosen.ToDictionary(c => c.Pod.Uid, c => c.Candidate), StringComparer.Ordinal);
    }

    private Candidate? FindRoom(PodInfo pod, Gang gang, DefaultPreemption preemption)
    {
        Candidate? proposed = null;
        var cycle = CycleFor(pod);
        var recorder = cycle.Recorder;
        cycle.Recorder = null;
        var placement = cycle.Schedule(pod, (state, diagnosis) =>
        {
            proposed = preemption.Propose(state, diagnosis, out _);
            return null;
        });
        cycle.Recorder = recorder;
        return placement.NodeName is { } node ? new(node, [], 0)
            // Not at the expense of its own gang.
            : proposed?.Victims.Any(v => _gangs.Of(v) == gang) == true ? null
            : proposed;
    }

    // What was kept free for a gang that could not take it goes to others.
    private async Task ReleaseAfterAsync(TimeSpan delay, ObjectKey gang, IReadOnlyList<PodInfo> pods, CancellationToken cancellationToken)
    {
        await Task.Delay(delay, _time, cancellationToken);
        Send(() =>
        {
            foreach (var pod in pods)
            {
                if (_cluster.Nominations.NodeOf(pod.Uid) is not null && _gangs.Of(pod) is { } now && now.Key == gang && !HasQuorum(now))
                {
                    StopWaitingForNode(pod.Uid);
                    Act(stop => _preemptor.ClearAsync(pod, stop), cancellationToken);
                }
            }
        });
    }

    // A pod of a gang keeps its place when the API would not bind it, for as long as the group says: the others may be bound by now.
    private bool KeepsPlace(PlacedPod placed) =>
        _gangs.Of(placed.Pod) is { Group: not null } gang
        && _time.GetUtcNow() - placed.Since < gang.Timeout
        && _cluster.IsAssumed(placed.Pod.Uid)
        && _cluster.Node(placed.NodeName) is not null
        && _queue.Find(placed.Pod.Key) == placed.Queued;

    private async Task BindAgainAsync(PlacedPod placed, CancellationToken cancellationToken)
    {
        await Task.Yield();
        try
        {
            await Task.Delay(_settings.InitialBackoff, _time, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return;
        }
        await BindAsync(placed, cancellationToken);
    }

    private void JoinGang(PodInfo pod)
    {
        if (pod.Pod.Spec.SchedulingGates is { Count: > 0 })
        {
            LeaveGang(pod.Uid);
        }
        else
        {
            _gangs.Pending(pod);
        }
    }

    private void LeaveGang(string uid)
    {
        if (_gangs.Gone(uid) is { Group: not null } gang)
        {
            // Without the one that fits nowhere, the others may.
            TryGangAgain(gang);
        }
    }

    private void OnGroup(CacheChange<PodGroup> change)
    {
        var key = new ObjectKey(change.Latest.Metadata.NamespaceProperty ?? "", change.Latest.Metadata.Name);
        var gang = _gangs.SetGroup(key, change.New);
        if (change.Old?.Spec.MinMember != change.New?.Spec.MinMember)
        {
            TryGangAgain(gang);
        }
    }

    private void TryGangAgain(Gang gang)
    {
        foreach (var pod in gang.Pending)
        {
            _queue.TryAgain(pod.Key);
        }
    }
}
