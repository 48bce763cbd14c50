using Petrel.Model.Determinism;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Decisions;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Preemption;

/// <summary>
/// Makes room for a pod that fits nowhere, by ending pods of lower priority (upstream: the plugin DefaultPreemption): the node where that
/// does the least harm is nominated, its victims are deleted with their grace, and the pod waits until they are gone.
/// </summary>
internal sealed class DefaultPreemption(PluginContext context) : IPostFilterPlugin
{
    public const string PluginName = "DefaultPreemption";

    private readonly CandidateSearch _search = new(context.Cluster, context.Entropy ?? new SeededEntropy(1));
    private readonly Dictionary<string, RunningPreemption> _running = new(StringComparer.Ordinal);

    public string Name => PluginName;

    // Nobody can be displaced by a pod that nobody is below.
    public ObjectKinds Needs(PodInfo pod) =>
        pod.Pod.Spec.PreemptionPolicy != "Never" && context.Cluster.LowestPriority < pod.Priority
            ? ObjectKinds.DisruptionBudgets
            : ObjectKinds.None;

    public PostFilterResult PostFilter(CycleState state, Diagnosis diagnosis)
    {
        var pod = state.Pod;
        if (Problem(pod, diagnosis) is { } problem)
        {
            var nominated = context.Cluster.Nominations.NodeOf(pod.Uid);
            return new(nominated, $"preemption: {problem}") { HoldsForOthers = nominated is null && !_running.ContainsKey(pod.Uid) };
        }
        return Propose(state, diagnosis, out var message) is { } candidate
            ? new(candidate.Node, "", Begin([(pod, candidate)])) { Preemption = RecordOf(candidate) }
            : new(null, $"preemption: {message}", HasNomination(pod) ? stop => context.Preemptor!.ClearAsync(pod, stop) : null)
            {
                HoldsForOthers = !HasNomination(pod),
            };
    }

    /// <summary>Why the pod may not displace anybody now, or null.</summary>
    public string? Problem(PodInfo pod, Diagnosis diagnosis)
    {
        if (IsRunning(pod.Uid))
        {
            return "waiting for the preemption for this pod to be finished";
        }
        var nominated = context.Cluster.Nominations.NodeOf(pod.Uid) is { } name ? context.Cluster.Node(name) : null;
        return Eligibility.Problem(pod, nominated?.Pods ?? [], nominated is not null && IsLost(nominated, diagnosis));
    }

    /// <summary>
    /// The node where making room does the least harm, and who must go there; null when that helps nowhere, with upstream's sentence.
    /// </summary>
    public Candidate? Propose(CycleState state, Diagnosis diagnosis, out string message) =>
        _search.Find(state, diagnosis, [.. context.Objects.DisruptionBudgets], out message);

    /// <summary>
    /// Takes the proposals as decided, for one pod or for several that go together. Others of lower priority that wait for the same nodes
    /// wait no more. Answers what there is to do at the API.
    /// </summary>
    public Func<CancellationToken, Task>? Begin(IReadOnlyList<(PodInfo Pod, Candidate Candidate)> preemptors)
    {
        var displaced = new List<PodInfo>();
        foreach (var (pod, candidate) in preemptors)
        {
            foreach (var lower in context.Cluster.Nominations.On(candidate.Node).Where(p => p.Priority < pod.Priority).ToArray())
            {
                context.Cluster.Nominations.Remove(lower.Uid);
                displaced.Add(lower);
                context.Retry(lower.Key);
            }
        }
        if (context.Preemptor is null)
        {
            return null;
        }
        foreach (
            var over in _running
                .Where(r => r.Value.Succeeded is not null && r.Value.Victims.All(v => context.Cluster.Find(v.Uid) is null))
                .Select(r => r.Key)
                .ToArray()
        )
        {
            _running.Remove(over);
        }
        var running = new RunningPreemption([.. preemptors.SelectMany(p => p.Candidate.Victims)]);
        foreach (var (pod, _) in preemptors)
        {
            _running[pod.Uid] = running;
        }
        return stop => ActAsync(running, preemptors, displaced, stop);
    }

    public static PreemptionRecord RecordOf(Candidate candidate) =>
        new(candidate.Node, candidate.Violations, [.. candidate.Victims.Select(v => new VictimRecord(v.Key, v.Uid, v.Priority))]);

    private async Task ActAsync(
        RunningPreemption running,
        IReadOnlyList<(PodInfo Pod, Candidate Candidate)> preemptors,
        IReadOnlyList<PodInfo> displaced,
        CancellationToken cancellationToken
    )
    {
        var succeeded = await context.Preemptor!.RunAsync(preemptors, displaced, cancellationToken);
        context.InLoop(() =>
        {
            running.Succeeded = succeeded;
            foreach (var (pod, _) in preemptors)
            {
                // When the last victim was seen to go before this was known, nothing else will bring the pod back.
                if (!succeeded || running.Victims.All(v => context.Cluster.Find(v.Uid) is null))
                {
                    context.Retry(pod.Key);
                }
                if (!succeeded)
                {
                    context.Cluster.Nominations.Remove(pod.Uid);
                }
            }
        });
    }

    // Upstream's IsPodRunningPreemption. What was done is not over before it is seen: until then the victims look alive, and others would
    // be chosen beside them.
    private bool IsRunning(string uid)
    {
        if (!_running.TryGetValue(uid, out var running))
        {
            return false;
        }
        var isOver =
            running.Succeeded == false
            || (running.Succeeded == true && running.Victims.All(v => context.Cluster.Find(v.Uid) is null or { IsTerminating: true }));
        if (isOver)
        {
            _running.Remove(uid);
        }
        return !isOver;
    }

    // Whether the node can't take the pod, whoever leaves it.
    private static bool IsLost(NodeInfo node, Diagnosis diagnosis)
    {
        var at = diagnosis.Refusals.FindIndex(r => r.Node == node.Slot);
        var verdict = at >= 0 ? diagnosis.Refusals[at].Verdict : diagnosis.RefusedEverywhere ?? diagnosis.AbsentNodes;
        return verdict?.Code == VerdictCode.Unresolvable;
    }

    private bool HasNomination(PodInfo pod) => context.Preemptor is not null && pod.Pod.Status?.NominatedNodeName is { Length: > 0 };
}
