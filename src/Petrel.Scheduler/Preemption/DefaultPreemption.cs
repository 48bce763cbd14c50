using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Decisions;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Preemption;

/// <summary>
/// Makes room for a pod by preempting pods of lower priority (upstream: the plugin DefaultPreemption). It nominates the node with the best
/// candidate and deletes the victims with their grace period. The pod waits until they are gone.
/// </summary>
internal sealed class DefaultPreemption(
    ClusterState cluster,
    IClusterObjects objects,
    IEntropy? entropy,
    Preemptor? preemptor,
    Action<Action> runInLoop,
    Action<ObjectKey> requeue
) : IPostFilterPlugin
{
    public const string PluginName = "DefaultPreemption";

    private readonly CandidateSearch _search = new(cluster, entropy ?? new SeededEntropy(1));
    private readonly Dictionary<string, RunningPreemption> _running = new(StringComparer.Ordinal);

    public string Name => PluginName;

    // Budgets matter only when there is a pod of lower priority.
    public ObjectKinds Needs(PodInfo pod) =>
        pod.Pod.Spec.PreemptionPolicy != "Never" && cluster.LowestPriority < pod.Priority
            ? ObjectKinds.DisruptionBudgets
            : ObjectKinds.None;

    public PostFilterResult PostFilter(CycleState state, Diagnosis diagnosis)
    {
        var pod = state.Pod;
        if (Problem(pod, diagnosis) is { } problem)
        {
            var nominated = cluster.Nominations.NodeOf(pod.Uid);
            return new(nominated, $"preemption: {problem}") { HoldsForOthers = nominated is null && !_running.ContainsKey(pod.Uid) };
        }
        return Propose(state, diagnosis, out var message) is { } candidate
            ? new(candidate.Node, "", Begin([(pod, candidate)])) { Preemption = RecordOf(candidate) }
            : new(null, $"preemption: {message}", HasNomination(pod) ? stop => preemptor!.ClearAsync(pod, stop) : null)
            {
                HoldsForOthers = !HasNomination(pod),
            };
    }

    /// <summary>Why the pod may not preempt others now, or null.</summary>
    public string? Problem(PodInfo pod, Diagnosis diagnosis)
    {
        if (IsRunning(pod.Uid))
        {
            return "waiting for the preemption for this pod to be finished";
        }
        var nominated = cluster.Nominations.NodeOf(pod.Uid) is { } name ? cluster.Node(name) : null;
        return PreemptionEligibility.Problem(pod, nominated?.Pods ?? [], nominated is not null && IsUnresolvable(nominated, diagnosis));
    }

    /// <summary>The best candidate; null when preemption helps on no node, with upstream's message.</summary>
    public Candidate? Propose(CycleState state, Diagnosis diagnosis, out string message) =>
        _search.Find(state, diagnosis, [.. objects.DisruptionBudgets], out message);

    /// <summary>
    /// Decides on the candidates, for one pod or for several pods of a gang. Pods of lower priority lose their nominations to these nodes.
    /// Returns the requests to send to the API.
    /// </summary>
    public Func<CancellationToken, Task>? Begin(IReadOnlyList<(PodInfo Pod, Candidate Candidate)> preemptors)
    {
        var clearedNominations = new List<PodInfo>();
        foreach (var (pod, candidate) in preemptors)
        {
            foreach (var lower in cluster.Nominations.On(candidate.Node).Where(p => p.Priority < pod.Priority).ToArray())
            {
                cluster.Nominations.Remove(lower.Uid);
                clearedNominations.Add(lower);
                requeue(lower.Key);
            }
        }
        if (preemptor is null)
        {
            return null;
        }
        foreach (
            var finished in _running
                .Where(r => r.Value.Succeeded is not null && r.Value.Victims.All(v => cluster.Find(v.Uid) is null))
                .Select(r => r.Key)
                .ToArray()
        )
        {
            _running.Remove(finished);
        }
        var running = new RunningPreemption([.. preemptors.SelectMany(p => p.Candidate.Victims)]);
        foreach (var (pod, _) in preemptors)
        {
            _running[pod.Uid] = running;
        }
        return stop => PreemptAsync(running, preemptors, clearedNominations, stop);
    }

    public static PreemptionRecord RecordOf(Candidate candidate) =>
        new(candidate.Node, candidate.Violations, [.. candidate.Victims.Select(v => new VictimRecord(v.Key, v.Uid, v.Priority))]);

    private async Task PreemptAsync(
        RunningPreemption running,
        IReadOnlyList<(PodInfo Pod, Candidate Candidate)> preemptors,
        IReadOnlyList<PodInfo> clearedNominations,
        CancellationToken cancellationToken
    )
    {
        var succeeded = await preemptor!.RunAsync(preemptors, clearedNominations, cancellationToken);
        runInLoop(() =>
        {
            running.Succeeded = succeeded;
            foreach (var (pod, _) in preemptors)
            {
                // When the last victim was gone before this message, no later event requeues the pod.
                if (!succeeded || running.Victims.All(v => cluster.Find(v.Uid) is null))
                {
                    requeue(pod.Key);
                }
                if (!succeeded)
                {
                    cluster.Nominations.Remove(pod.Uid);
                }
            }
        });
    }

    // Upstream's IsPodRunningPreemption. A preemption runs until the watch shows its victims terminating. Before that they look alive, and
    // the pod would preempt further ones.
    private bool IsRunning(string uid)
    {
        if (!_running.TryGetValue(uid, out var running))
        {
            return false;
        }
        var isFinished =
            running.Succeeded == false
            || (running.Succeeded == true && running.Victims.All(v => cluster.Find(v.Uid) is null or { IsTerminating: true }));
        if (isFinished)
        {
            _running.Remove(uid);
        }
        return !isFinished;
    }

    // Whether the node cannot take the pod, whichever pods leave it.
    private static bool IsUnresolvable(NodeInfo node, Diagnosis diagnosis)
    {
        var at = diagnosis.Refusals.FindIndex(r => r.Node == node.Slot);
        var status = at >= 0 ? diagnosis.Refusals[at].Status : diagnosis.RefusedEverywhere ?? diagnosis.AbsentNodes;
        return status?.Code == StatusCode.UnschedulableAndUnresolvable;
    }

    private bool HasNomination(PodInfo pod) => preemptor is not null && pod.Pod.Status?.NominatedNodeName is { Length: > 0 };
}
