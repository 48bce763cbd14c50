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

    /// <summary>The best candidate; null when there is none, with upstream's sentence about it.</summary>
    public Candidate? Find(CycleState state, Diagnosis diagnosis, IReadOnlyList<V1PodDisruptionBudget> budgets, out string message)
    {
        var potential = diagnosis.RefusedEverywhere is null ? diagnosis.Refusals.FindAll(r => r.Verdict.Code == VerdictCode.Unschedulable) : [];
        // Sorted, so that what was looked at before has no part in it.
        potential.Sort((x, y) => x.Node.CompareTo(y.Node));
        var enough = CandidateChoice.Enough(potential.Count);
        var offset = potential.Count < 2 ? 0 : entropy.Next(potential.Count);
        var (harmless, others) = (new List<Candidate>(), new List<Candidate>());
        var why = new Diagnosis { AllNodes = diagnosis.AllNodes, AbsentNodes = NotHelpful };
        for (var i = 0; i < potential.Count && !(harmless.Count > 0 && harmless.Count + others.Count >= enough); i++)
        {
            var refusal = potential[(offset + i) % potential.Count];
            if (Try(state, refusal.Node, budgets, out var verdict) is { } candidate)
            {
                (candidate.Violations == 0 ? harmless : others).Add(candidate);
            }
            else
            {
                why.Refusals.Add(refusal with { Verdict = verdict });
            }
        }
        harmless.AddRange(others);
        message = harmless.Count > 0 ? "" : why.Message();
        return harmless.Count > 0 ? CandidateChoice.Best(harmless) : null;
    }

    private Candidate? Try(CycleState state, int node, IReadOnlyList<V1PodDisruptionBudget> budgets, out Verdict why)
    {
        // Most nodes of a full cluster have nobody to displace: then there is nothing to try.
        foreach (var pod in cluster.At(node).Pods)
        {
            if (pod.Priority < state.Pod.Priority)
            {
                using var trial = new TrialNode(state, node);
                return VictimSelection.Select(state.Pod, trial, budgets, out why);
            }
        }
        why = VictimSelection.NoVictims;
        return null;
    }
}
