using k8s.Models;
using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;
using Petrel.Workloads;

namespace Petrel.Scheduler.Scores;

/// <summary>Prefers nodes with few PreferNoSchedule taints that the pod does not tolerate.</summary>
internal sealed class TaintTolerationScore : IScorePlugin
{
    public string Name => "TaintToleration";

    public INodeScore For(PodInfo pod, ClusterState cluster) => new NodeScore(pod.Pod.Spec.Tolerations, cluster);

    private sealed class NodeScore(IList<V1Toleration>? tolerations, ClusterState cluster) : INodeScore
    {
        public bool Normalizes => true;

        public long Of(int node)
        {
            var count = 0;
            foreach (var taint in cluster.At(node).Taints)
            {
                if (taint.Effect == Taints.PreferNoSchedule && !Tolerations.Tolerate(tolerations, taint))
                {
                    count++;
                }
            }
            return count;
        }

        public void Normalize(ReadOnlySpan<int> nodes, Span<long> scores) => Score.Normalize(scores, reverse: true);
    }
}
