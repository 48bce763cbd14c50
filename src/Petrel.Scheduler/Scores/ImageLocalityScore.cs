using Petrel.Scheduler.Cluster;
using Petrel.Scheduler.Framework;

namespace Petrel.Scheduler.Scores;

/// <summary>
/// Prefers nodes that have the pod's images, by their size. An image that few nodes have counts less, so that pods do not gather on the
/// nodes that pulled it first.
/// </summary>
internal sealed class ImageLocalityScore : IScorePlugin
{
    private const long Mebibyte = 1024 * 1024;
    private const long Min = 23 * Mebibyte;
    private const long MaxPerContainer = 1000 * Mebibyte;

    public string Name => "ImageLocality";

    public INodeScore For(PodInfo pod, ClusterState cluster)
    {
        var spec = pod.Pod.Spec;
        string[] images =
        [
            .. (spec.InitContainers ?? []).Concat(spec.Containers ?? []).Select(c => WithTag(c.Image ?? "")),
            .. (spec.Volumes ?? []).Where(v => v.Image is not null).Select(v => WithTag(v.Image.Reference ?? "")),
        ];
        return new NodeScore(images, cluster);
    }

    // A colon before the last slash belongs to the port of a registry.
    private static string WithTag(string image) => image.LastIndexOf(':') <= image.LastIndexOf('/') ? image + ":latest" : image;

    private sealed class NodeScore(string[] images, ClusterState cluster) : INodeScore
    {
        public bool Normalizes => false;

        public long Of(int node)
        {
            var here = cluster.At(node).Images;
            if (here.Count == 0)
            {
                return 0;
            }
            long present = 0;
            foreach (var image in images)
            {
                if (here.TryGetValue(image, out var size))
                {
                    present += (long)(size * ((double)cluster.NodesWithImage(image) / cluster.Nodes.Count));
                }
            }
            var max = MaxPerContainer * images.Length;
            return max <= Min ? 0 : Score.Max * (Math.Clamp(present, Min, max) - Min) / (max - Min);
        }
    }
}
