using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Scores;

/// <summary>
/// Prefers nodes by the weights of the preferred node affinity terms that they match, the pod's and those that the profile adds.
/// </summary>
internal sealed class NodeAffinityScore(NodeAffinityArgs args) : IScorePlugin
{
    private readonly (NodeTerm Term, int Weight)[] _added = TermsOf(args.AddedAffinity);

    public string Name => "NodeAffinity";

    public INodeScore? For(PodInfo pod, ClusterState cluster)
    {
        (NodeTerm Term, int Weight)[] terms = [.. _added, .. TermsOf(pod.Pod.Spec.Affinity?.NodeAffinity)];
        return terms.Length == 0 ? null : new NodeScore(terms, cluster);
    }

    private static (NodeTerm Term, int Weight)[] TermsOf(V1NodeAffinity? affinity) =>
        [.. (affinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Select(p => (new NodeTerm(p.Preference), p.Weight))];

    private sealed class NodeScore((NodeTerm Term, int Weight)[] terms, ClusterState cluster) : INodeScore
    {
        public bool Normalizes => true;

        public long Of(int node)
        {
            long sum = 0;
            foreach (var (term, weight) in terms)
            {
                sum += term.Matches(cluster.At(node)) ? weight : 0;
            }
            return sum;
        }

        public void Normalize(ReadOnlySpan<int> nodes, Span<long> scores) => Score.Normalize(scores);
    }
}
