using k8s.Models;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Preemption;

/// <summary>Finds nodes that can take a pod when other pods are gone (upstream: findCandidates and DryRunPreemption).</summary>
internal sealed class CandidateSearch(ClusterState cluster, IEntropy entropy)
{
    private static readonly Status NotHelpful = Status.Unresolvable("Preemption is not helpful for scheduling");

    private readonly ulong _seed = entropy.NextUInt64();

    // Reused: they may be as long as the list of nodes.
    private readonly List<NodeRefusal> _potential = [];
    private readonly Diagnosis _failure = new();

    /// <summary>The best candidate; null when there is none, with upstream's message.</summary>
    public Candidate? Find(CycleState state, Diagnosis diagnosis, IReadOnlyList<V1PodDisruptionBudget> budgets, out string message)
    {
        _potential.Clear();
        foreach (var refusal in diagnosis.RefusedEverywhere is null ? diagnosis.Refusals : [])
        {
            if (refusal.Status.Code == StatusCode.Unschedulable)
            {
                _potential.Add(refusal);
            }
        }
        var enough = CandidateSelection.Enough(_potential.Count);
        var offset = Offset(_potential.Count);
        var (withoutViolations, withViolations) = (new List<Candidate>(), new List<Candidate>());
        state.Data<TrialResults>()?.UseBudgets(budgets);
        _failure.Clear();
        (_failure.AllNodes, _failure.AbsentNodes) = (diagnosis.AllNodes, NotHelpful);
        for (
            var i = 0;
            i < _potential.Count && !(withoutViolations.Count > 0 && withoutViolations.Count + withViolations.Count >= enough);
            i++
        )
        {
            var refusal = _potential[(offset + i) % _potential.Count];
            if (TryNode(state, refusal.Node, budgets, out var status) is { } candidate)
            {
                (candidate.Violations == 0 ? withoutViolations : withViolations).Add(candidate);
            }
            else
            {
                _failure.Refusals.Add(refusal with { Status = status });
            }
        }
        withoutViolations.AddRange(withViolations);
        message = withoutViolations.Count > 0 ? "" : _failure.Message();
        return withoutViolations.Count > 0 ? CandidateSelection.Best(withoutViolations) : null;
    }

    // The offset is random, but depends on the version of the cluster and not on the number of searches: a search that is skipped because
    // its result is known must not change later ones. (The finalizer of SplitMix64.)
    private int Offset(int nodes)
    {
        var mixed = _seed + ((ulong)cluster.Version * 0x9E3779B97F4A7C15);
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return nodes < 2 ? 0 : (int)((mixed ^ (mixed >> 31)) % (ulong)nodes);
    }

    private Candidate? TryNode(CycleState state, int node, IReadOnlyList<V1PodDisruptionBudget> budgets, out Status reason)
    {
        if (!HasPodBelow(node, state.Pod.Priority))
        {
            // Most nodes of a full cluster have no pod of lower priority.
            reason = VictimSelection.NoVictims;
            return null;
        }
        var trials =
            cluster.Nominations.Count == 0 || !cluster.Nominations.On(cluster.At(node).Name).Any() ? state.Data<TrialResults>() : null;
        if (trials is not null && trials.TryGet(cluster, node, out var candidate, out reason))
        {
            return candidate;
        }
        using (var trial = new TrialNode(state, node))
        {
            candidate = VictimSelection.Select(state.Pod, trial, budgets, out reason);
        }
        trials?.Set(cluster, node, candidate, reason);
        return candidate;
    }

    private bool HasPodBelow(int node, int priority)
    {
        var pods = cluster.At(node).Pods;
        for (var i = 0; i < pods.Count; i++)
        {
            if (pods[i].Priority < priority)
            {
                return true;
            }
        }
        return false;
    }
}
