using k8s.Models;
using Petrel.Model.Determinism;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Cycle;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Preemption;

/// <summary>Looks for nodes that would take a pod if others were gone (upstream: findCandidates and DryRunPreemption).</summary>
internal sealed class CandidateSearch(ClusterState cluster, IEntropy entropy)
{
    private static readonly Verdict NotHelpful = Verdict.Unresolvable("Preemption is not helpful for scheduling");

    private readonly ulong _seed = entropy.NextUInt64();

    // Used again and again: they may be as long as the cluster is large.
    private readonly List<Refusal> _potential = [];
    private readonly Diagnosis _why = new();

    /// <summary>The best candidate; null when there is none, with upstream's sentence about it.</summary>
    public Candidate? Find(CycleState state, Diagnosis diagnosis, IReadOnlyList<V1PodDisruptionBudget> budgets, out string message)
    {
        _potential.Clear();
        foreach (var refusal in diagnosis.RefusedEverywhere is null ? diagnosis.Refusals : [])
        {
            if (refusal.Verdict.Code == VerdictCode.Unschedulable)
            {
                _potential.Add(refusal);
            }
        }
        var enough = CandidateChoice.Enough(_potential.Count);
        var offset = Offset(_potential.Count);
        var (harmless, others) = (new List<Candidate>(), new List<Candidate>());
        state.Trials?.Under(budgets);
        _why.Clear();
        (_why.AllNodes, _why.AbsentNodes) = (diagnosis.AllNodes, NotHelpful);
        for (var i = 0; i < _potential.Count && !(harmless.Count > 0 && harmless.Count + others.Count >= enough); i++)
        {
            var refusal = _potential[(offset + i) % _potential.Count];
            if (Try(state, refusal.Node, budgets, out var verdict) is { } candidate)
            {
                (candidate.Violations == 0 ? harmless : others).Add(candidate);
            }
            else
            {
                _why.Refusals.Add(refusal with { Verdict = verdict });
            }
        }
        harmless.AddRange(others);
        message = harmless.Count > 0 ? "" : _why.Message();
        return harmless.Count > 0 ? CandidateChoice.Best(harmless) : null;
    }

    // By chance, but by the state of the cluster and not by the number of searches: those that need not be made again make no difference.
    // (SplitMix64's finalizer.)
    private int Offset(int nodes)
    {
        var mixed = _seed + ((ulong)cluster.Version * 0x9E3779B97F4A7C15);
        mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
        return nodes < 2 ? 0 : (int)((mixed ^ (mixed >> 31)) % (ulong)nodes);
    }

    private Candidate? Try(CycleState state, int node, IReadOnlyList<V1PodDisruptionBudget> budgets, out Verdict why)
    {
        if (!HasAnybodyBelow(node, state.Pod.Priority))
        {
            // So it is with most nodes of a full cluster: there is nothing to try.
            why = VictimSelection.NoVictims;
            return null;
        }
        var trials = cluster.Nominations.Count == 0 || !cluster.Nominations.On(cluster.At(node).Name).Any() ? state.Trials : null;
        if (trials is not null && trials.TryGet(cluster, node, out var candidate, out why))
        {
            return candidate;
        }
        using (var trial = new TrialNode(state, node))
        {
            candidate = VictimSelection.Select(state.Pod, trial, budgets, out why);
        }
        trials?.Set(cluster, node, candidate, why);
        return candidate;
    }

    private bool HasAnybodyBelow(int node, int priority)
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
