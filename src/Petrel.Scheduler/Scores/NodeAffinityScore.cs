using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Scheduler.Settings;
using Petrel.Workloads;

namespace Petrel.Scheduler.Scores;

/// <summary>
/// Prefers nodes by the sum of the weights of the preferred node affinity terms that they match: the pod's terms and those of the profile.
/// </summary>
internal sealed class NodeAffinityScore(NodeAffinityArgs args) : IScorePlugin
{
    private readonly (NodeSelectorTerm Term, int Weight)[] _added = TermsOf(args.AddedAffinity);

    public string Name => "NodeAffinity";

    public INodeScore? For(PodInfo pod, ClusterState cluster)
    {
        (NodeSelectorTerm Term, int Weight)[] terms = [.. _added, .. TermsOf(pod.Pod.Spec.Affinity?.NodeAffinity)];
        return terms.Length == 0 ? null : new NodeScore(terms, cluster);
    }

    private static (NodeSelectorTerm Term, int Weight)[] TermsOf(V1NodeAffinity? affinity) =>
        [.. (affinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Select(p => (new NodeSelectorTerm(p.Preference), p.Weight))];

    private sealed class NodeScore((NodeSelectorTerm Term, int Weight)[] terms, ClusterState cluster) : INodeScore
    {
        public bool Normalizes => true;

        public long Of(int node)
        {
            var info = cluster.At(node);
            long sum = 0;
            foreach (var (term, weight) in terms)
            {
                sum += term.Matches(info.Name, info.Labels) ? weight : 0;
            }
            return sum;
        }

        public void Normalize(ReadOnlySpan<int> nodes, Span<long> scores) => Score.Normalize(scores);
    }
}
