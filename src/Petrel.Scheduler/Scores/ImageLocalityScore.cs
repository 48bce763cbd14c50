using Petrel.Scheduler.Cluster;

namespace Petrel.Scheduler.Scores;

/// <summary>
/// Prefers nodes that have the pod's images already, by their size. An image that few nodes have counts for less, so that pods
/// don't crowd where the first one happened to run.
/// </summary>
internal sealed class ImageLocalityScore : IScorePlugin
{
    private const long Mebibyte = 1024 * 1024;
    private const long Least = 23 * Mebibyte;
    private const long MostPerContainer = 1000 * Mebibyte;

    public string Name => "ImageLocality";

    public int Weight => 1;

    public bool TryScore(PodInfo pod, ClusterState cluster, IReadOnlyList<NodeInfo> nodes, Span<long> scores)
    {
        var images = (pod.Pod.Spec.InitContainers ?? []).Concat(pod.Pod.Spec.Containers ?? []).Select(c => WithTag(c.Image ?? "")).ToArray();
        var most = MostPerContainer * images.Length;
        for (var i = 0; i < nodes.Count; i++)
        {
            long present = 0;
            foreach (var image in images)
            {
                if (nodes[i].Images.TryGetValue(image, out var size))
                {
                    present += (long)(size * ((double)cluster.NodesWithImage(image) / cluster.Nodes.Count));
                }
            }
            scores[i] = most <= Least ? 0 : Score.Max * (Math.Clamp(present, Least, most) - Least) / (most - Least);
        }
        return true;
    }

    // A colon before the last slash is a registry's port.
    private static string WithTag(string image) => image.LastIndexOf(':') <= image.LastIndexOf('/') ? image + ":latest" : image;
}
