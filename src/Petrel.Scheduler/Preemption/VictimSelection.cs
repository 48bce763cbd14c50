using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Preemption;

/// <summary>A node on which one can try what would be if some of its pods were gone. Nothing of it is real.</summary>
internal interface ITrialNode
{
    string Name { get; }

    /// <summary>The pods that are there in truth.</summary>
    IReadOnlyList<PodInfo> Pods { get; }

    void Remove(PodInfo pod);

    /// <summary>Puts back a pod that was removed.</summary>
    void Add(PodInfo pod);

    /// <summary>Whether the pod in question passes every filter now, with those nominated pods that go before it.</summary>
    Verdict Check();
}

/// <summary>
/// Who must go from a node for a pod to fit (upstream: SelectVictimsOnNode): as few as can be, and the least important ones.
/// </summary>
internal static class VictimSelection
{
    public static Verdict NoVictims { get; } = Verdict.Unresolvable("No preemption victims found for incoming pod");

    /// <summary>
    /// The candidate that the node is, or null with the reason. All pods of lower priority are thought away; if the pod fits then, they are
    /// let back in, those that budgets protect first, the most important first, as long as it still fits: who stays out is a victim. Pods
    /// that the preemptor has affinity to count as gone like the others, as upstream decided for the sake of speed.
    /// </summary>
    public static Candidate? Select(PodInfo preemptor, ITrialNode node, IReadOnlyList<V1PodDisruptionBudget> budgets, out Verdict why)
    {
        why = NoVictims;
        var potential = node.Pods.Where(p => p.Priority < preemptor.Priority).ToList();
        if (potential.Count == 0)
        {
            return null;
        }
        potential.ForEach(node.Remove);
        why = node.Check();
        if (!why.Passes)
        {
            return null;
        }
        potential.Sort(Importance.Instance);
        var (protectedPods, free) = DisruptionBudgets.Part(potential, budgets);
        var victims = protectedPods.FindAll(MustGo);
        var violations = victims.Count;
        victims.AddRange(free.FindAll(MustGo));
        victims.Sort(Importance.Instance);
        if (victims.Count == 0)
        {
            why = Verdict.Unschedulable($"expected at least one victim pod on node \"{node.Name}\"");
            return null;
        }
        return new(node.Name, victims, violations);

        bool MustGo(PodInfo pod)
        {
            node.Add(pod);
            if (node.Check().Passes)
            {
                return false;
            }
            node.Remove(pod);
            return true;
        }
    }
}
