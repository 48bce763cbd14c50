using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Preemption;

/// <summary>A node on which a dry run removes pods.</summary>
internal interface ITrialNode
{
    string Name { get; }

    /// <summary>The pods that are really on the node.</summary>
    IReadOnlyList<PodInfo> Pods { get; }

    void Remove(PodInfo pod);

    /// <summary>Adds a removed pod again.</summary>
    void Add(PodInfo pod);

    /// <summary>Whether the pod passes every filter now, beside the nominated pods that take precedence.</summary>
    Status Check();
}

/// <summary>
/// Selects the pods of a node to preempt so that a pod fits (upstream: SelectVictimsOnNode): as few as possible, and the least important
/// ones.
/// </summary>
internal static class VictimSelection
{
    public static Status NoVictims { get; } = Status.Unresolvable("No preemption victims found for incoming pod");

    /// <summary>
    /// The candidate that the node is, or null with the reason. All pods of lower priority are removed. If the pod fits then, they are
    /// added again, those that budgets protect first, the most important first, as long as the pod still fits. The others are the victims.
    /// Affinity of the pod to a victim is not considered, as upstream.
    /// </summary>
    public static Candidate? Select(PodInfo preemptor, ITrialNode node, IReadOnlyList<V1PodDisruptionBudget> budgets, out Status reason)
    {
        reason = NoVictims;
        var potential = node.Pods.Where(p => p.Priority < preemptor.Priority).ToList();
        if (potential.Count == 0)
        {
            return null;
        }
        potential.ForEach(node.Remove);
        reason = node.Check();
        if (!reason.IsSuccess)
        {
            return null;
        }
        potential.Sort(PodImportance.Instance);
        var (protectedPods, free) = BudgetViolations.Partition(potential, budgets);
        var victims = protectedPods.FindAll(IsVictim);
        var violations = victims.Count;
        victims.AddRange(free.FindAll(IsVictim));
        victims.Sort(PodImportance.Instance);
        if (victims.Count == 0)
        {
            reason = Status.Unschedulable($"expected at least one victim pod on node \"{node.Name}\"");
            return null;
        }
        return new(node.Name, victims, violations);

        bool IsVictim(PodInfo pod)
        {
            node.Add(pod);
            if (node.Check().IsSuccess)
            {
                return false;
            }
            node.Remove(pod);
            return true;
        }
    }
}
