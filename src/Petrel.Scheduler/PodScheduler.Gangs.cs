using k8s.Models;
using Petrel.Client;
using Petrel.Model;
using Petrel.Model.Timing;
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
/// Gang scheduling: the pods that name one PodGroup. While fewer than its minMember have a place, they are placed together in one pass of
/// the loop. Either enough pods get places and are bound, or none keeps its place. So two gangs never hold what the other one needs. Once
/// enough pods have places, further pods are scheduled one by one.
/// </content>
public sealed partial class PodScheduler
{
    private bool HasQuorum(Gang gang) => gang.Bound + Assumed(gang) >= gang.MinMember;

    // The pods whose binding is being sent.
    private int Assumed(Gang gang) => gang.Pending.Count(p => _cluster.IsAssumed(p.Uid));

    private QueuedPod? TakeFromIncompleteGang()
    {
        foreach (var gang in _gangs.Incomplete)
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
            HoldBack(first, gang, $"waiting for PodGroup \"{gang.Key.Name}\", which does not exist");
            return;
        }
        var needed = gang.MinMember - held;
        if (others.Length + 1 < needed)
        {
            // Only this pod is held. The next pod of the gang takes it along.
            HoldBack(first, gang, $"waiting for more pods of PodGroup \"{gang.Key.Name}\", which needs {gang.MinMember}");
            return;
        }
        QueuedPod[] members =
        [
            .. others
                .Select(p => _queue.TakeAlong(p.Key))
                .OfType<QueuedPod>()
                .Append(first)
                .OrderBy(q => -q.Pod.Priority)
                .ThenBy(q => q.Pod.Key),
        ];
        if (!Array.TrueForAll(members, AreNeededObjectsKnown))
        {
            Array.ForEach(members, _queue.PutBack);
            return;
        }
        var (placed, refused) = PlaceTogether(members);
        if (placed.Count >= needed)
        {
            placed.ForEach(p => AmendDecision(p.Pod, gang, held + placed.Count));
            placed.ForEach(p => RunPermitPlugins(p, cancellationToken));
            refused.ForEach(r => HandleFailure(r.Queued, r.Placement, cancellationToken));
            return;
        }
        placed.Reverse();
        placed.ForEach(Unplace);
        var preempted = PreemptForGang(members, gang, needed, cancellationToken);
        var count = $"gang: {held + placed.Count} of the {gang.MinMember} pods that PodGroup \"{gang.Key.Name}\" needs have a place";
        foreach (var (queued, placement) in refused)
        {
            PutAside(queued, gang, held + placed.Count, $"{placement.Message} {count}.", placement, preempted);
        }
        var cause = refused.Count == 0 ? "" : $"; {refused[0].Queued.Pod.Key}: {refused[0].Placement.Message}";
        foreach (var withPlace in placed)
        {
            PutAside(withPlace.Queued, gang, held + placed.Count, count + cause, new(null), preempted);
        }
    }

    private (List<PlacedPod> Placed, List<(QueuedPod Queued, Placement Placement)> Refused) PlaceTogether(IEnumerable<QueuedPod> members)
    {
        var (placed, refused) = (new List<PlacedPod>(), new List<(QueuedPod, Placement)>());
        foreach (var queued in members)
        {
            var cycle = CycleFor(queued.Pod);
            // No pod is preempted before it is known that all of the gang can have a place.
            var placement = cycle.Schedule(queued.Pod, static (_, _) => null);
            if (placement.NodeName is null)
            {
                refused.Add((queued, placement));
                continue;
            }
            var placedPod = new PlacedPod(queued, queued.Pod, placement.NodeName, placement.Node, cycle.Profile)
            {
                Since = _time.GetUtcNow(),
            };
            _cluster.Place(placedPod.Pod, placedPod.NodeName, assumed: true);
            if (Reserve(placedPod) is var (plugin, refusal))
            {
                _cluster.Forget(placedPod.Pod.Uid);
                refused.Add((queued, new(null, string.Join(", ", refusal.Reasons), plugin.RetryEvents()) { RefusedBy = [plugin] }));
                continue;
            }
            placed.Add(placedPod);
        }
        return (placed, refused);
    }

    // No event for the queue: no pod was scheduled since, so none was refused for lack of this place.
    private void Unplace(PlacedPod placed)
    {
        Unreserve(placed);
        _cluster.Forget(placed.Pod.Uid);
    }

    private void HoldBack(QueuedPod queued, Gang gang, string message)
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
        AmendDecision(queued.Pod, gang, places, decision =>
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

    private void AmendDecision(PodInfo pod, Gang gang, int places, Func<Decision, Decision>? change = null) =>
        _decisions?.Amend(pod.Uid, decision => (change?.Invoke(decision) ?? decision) with { Gang = RecordOf(gang, places) });

    private static GangRecord RecordOf(Gang gang, int places) =>
        new(gang.Key.Name, gang.Group?.Spec.MinMember ?? 0, gang.Bound + gang.Pending.Count, places);

    /// <summary>
    /// Preempts pods for a whole gang, or none. It looks for a candidate for one pod after the other, as if the pods before it had their
    /// places already. Victims are deleted and nodes are nominated only when enough pods of the gang fit then.
    /// </summary>
    /// <returns>The candidate of each pod that is nominated, by the pod's uid.</returns>
    private SortedDictionary<string, Candidate> PreemptForGang(
        IReadOnlyList<QueuedPod> members,
        Gang gang,
        int needed,
        CancellationToken cancellationToken
    )
    {
        var none = new SortedDictionary<string, Candidate>(StringComparer.Ordinal);
        var preemption = CycleFor(members[0].Pod).Profile.PostFilter.OfType<DefaultPreemption>().FirstOrDefault();
        if (
            preemption is null
            // The last victims are still terminating. There are no others before they are gone, even when the nomination has expired.
            || gang.Victims.Any(v => _cluster.Find(v.Uid) is not null)
            || members.Any(q =>
                CycleFor(q.Pod) != CycleFor(members[0].Pod)
                || q.Pod.Priority <= _cluster.LowestPriority
                || preemption.Problem(q.Pod, new()) is not null
            )
        )
        {
            return none;
        }
        var chosen = new List<(PodInfo Pod, Candidate Candidate)>();
        var removed = new List<(PodInfo Pod, string Node, bool Assumed)>();
        foreach (var queued in members.TakeWhile(_ => chosen.Count < needed))
        {
            if (FindCandidate(queued.Pod, gang, preemption) is not { } candidate)
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
        // Undo the dry run.
        chosen.ForEach(c => _cluster.Forget(c.Pod.Uid));
        removed.ForEach(r => _cluster.Place(r.Pod, r.Node, r.Assumed));
        if (chosen.Count < needed || removed.Count == 0)
        {
            return none;
        }
        gang.Victims = [.. removed.Select(r => r.Pod)];
        var action = preemption.Begin(chosen);
        chosen.ForEach(c => _cluster.Nominations.Set(c.Pod, c.Candidate.Node));
        RunPostFilterAction(action, cancellationToken);
        var until = gang.Timeout;
        RunPostFilterAction(stop => ExpireNominationsAsync(until, gang.Key, [.. chosen.Select(c => c.Pod)], stop), cancellationToken);
        return new(chosen.ToDictionary(c => c.Pod.Uid, c => c.Candidate), StringComparer.Ordinal);
    }

    private Candidate? FindCandidate(PodInfo pod, Gang gang, DefaultPreemption preemption)
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
            // A gang does not preempt its own pods.
            : proposed?.Victims.Any(v => _gangs.Of(v) == gang) == true ? null
            : proposed;
    }

    // The nominations expire when the gang has not taken its places in time.
    private async Task ExpireNominationsAsync(
        TimeSpan delay,
        ObjectKey gang,
        IReadOnlyList<PodInfo> pods,
        CancellationToken cancellationToken
    )
    {
        await LongDurations.DelayAsync(delay, _time, cancellationToken);
        Post(() =>
        {
            foreach (var pod in pods)
            {
                if (_cluster.Nominations.NodeOf(pod.Uid) is not null && _gangs.Of(pod) is { } now && now.Key == gang && !HasQuorum(now))
                {
                    ClearNomination(pod.Uid);
                    RunPostFilterAction(stop => _preemptor.ClearAsync(pod, stop), cancellationToken);
                }
            }
        });
    }

    // A pod of a gang keeps its place for scheduleTimeoutSeconds when the API refuses the binding: the other pods may be bound already.
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
        if (_gangs.Remove(uid) is { Group: not null } gang)
        {
            // The other pods may fit without this one.
            RetryGang(gang);
        }
    }

    private void OnGroup(CacheChange<PodGroup> change)
    {
        var key = change.Latest.Key();
        var gang = _gangs.SetGroup(key, change.New);
        if (change.Old?.Spec.MinMember != change.New?.Spec.MinMember)
        {
            RetryGang(gang);
        }
    }

    private void RetryGang(Gang gang)
    {
        foreach (var pod in gang.Pending)
        {
            _queue.Requeue(pod.Key);
        }
    }
}
