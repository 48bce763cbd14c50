using k8s.Models;
using Petrel.Scheduler.Settings;
using Petrel.Workloads;

namespace Petrel.Scheduler.Tests.Reference;

/// <summary>How good feasible nodes are for a pod.</summary>
internal sealed class ReferenceScores(ProfileSettings settings)
{
    private const decimal Cpu = 0.1m;
    private const decimal Memory = 200 * 1024 * 1024;

    public long[] Total(V1Pod pod, List<V1Node> nodes, ReferenceCluster cluster)
    {
        (string Name, int Weight, Func<V1Pod, List<V1Node>, ReferenceCluster, long[]> Of)[] all =
        [
            ("TaintToleration", 3, (p, n, _) => Taints(p, n)),
            ("NodeAffinity", 2, (p, n, _) => Preferred(p, n)),
            ("NodeResourcesFit", 1, Fit),
            ("PodTopologySpread", 2, Spread),
            ("InterPodAffinity", 2, Affinity),
            ("NodeResourcesBalancedAllocation", 1, Balance),
            ("ImageLocality", 1, Images),
        ];
        var totals = new long[nodes.Count];
        foreach (var (name, weight, of) in all.Where(a => !settings.DisabledScores.Contains(a.Name)))
        {
            var scores = of(pod, nodes, cluster);
            for (var i = 0; i < totals.Length; i++)
            {
                totals[i] += scores[i] * (settings.Weights.TryGetValue(name, out var other) ? other : weight);
            }
        }
        return totals;
    }

    private static long[] OfHighest(IEnumerable<long> scores)
    {
        var all = scores.ToArray();
        return all.Max() == 0 ? new long[all.Length] : [.. all.Select(s => 100 * s / all.Max())];
    }

    private static long[] Taints(V1Pod pod, List<V1Node> nodes) =>
        [
            .. OfHighest(
                    nodes.Select(n =>
                        (long)(n.Spec.Taints ?? []).Count(t => t.Effect == "PreferNoSchedule" && !ReferenceCluster.Tolerates(pod, t))
                    )
                )
                .Select(s => 100 - s),
        ];

    private long[] Preferred(V1Pod pod, List<V1Node> nodes)
    {
        V1PreferredSchedulingTerm[] terms =
        [
            .. settings.NodeAffinity.AddedAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? [],
            .. pod.Spec.Affinity?.NodeAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? [],
        ];
        return OfHighest(nodes.Select(n => (long)terms.Where(t => ReferenceCluster.MatchesTerm(t.Preference, n)).Sum(t => t.Weight)));
    }

    // What will be requested, in the scheduler's units, and what there is; in thousandths of CPU.
    private static (long Requested, long Allocatable) Use(
        V1Pod pod,
        V1Node node,
        ReferenceCluster cluster,
        string resource,
        bool withDefaults
    )
    {
        var unset =
            !withDefaults ? 0
            : resource == "cpu" ? Cpu
            : resource == "memory" ? Memory
            : 0;
        var unit = resource == "cpu" ? 1000 : 1;
        return (
            (long)(cluster.On(node).Append(pod).Sum(p => ReferenceCluster.Requested(p, resource, unset)) * unit),
            (long)(ReferenceCluster.Allocatable(node, resource) * unit)
        );
    }

    private static bool IsUsed(V1Pod pod, string resource) =>
        !resource.Contains('/', StringComparison.Ordinal) || ReferenceCluster.Requested(pod, resource) > 0;

    private long[] Fit(V1Pod pod, List<V1Node> nodes, ReferenceCluster cluster)
    {
        var args = settings.NodeResourcesFit;
        return
        [
            .. nodes.Select(node =>
            {
                var (sum, weights) = (0L, 0L);
                foreach (var resource in args.Resources.Where(r => IsUsed(pod, r.Name)))
                {
                    var (requested, allocatable) = Use(pod, node, cluster, resource.Name, withDefaults: true);
                    if (allocatable == 0)
                    {
                        continue;
                    }
                    var score = args.Strategy switch
                    {
                        ScoringStrategy.LeastAllocated => requested > allocatable
                            ? 0
                            : (long)((decimal)(allocatable - requested) * 100 / allocatable),
                        ScoringStrategy.MostAllocated => (long)((decimal)Math.Min(requested, allocatable) * 100 / allocatable),
                        _ => Shaped(args.Shape, requested > allocatable ? 100 : (long)((decimal)requested * 100 / allocatable)),
                    };
                    if (args.Strategy != ScoringStrategy.RequestedToCapacityRatio || score > 0)
                    {
                        (sum, weights) = (sum + score * resource.Weight, weights + resource.Weight);
                    }
                }
                return weights == 0 ? 0
                    : args.Strategy == ScoringStrategy.RequestedToCapacityRatio
                        ? (long)Math.Round((double)sum / weights, MidpointRounding.AwayFromZero)
                    : sum / weights;
            }),
        ];
    }

    private static long Shaped(IReadOnlyList<UtilizationPoint> shape, long use)
    {
        if (use <= shape[0].Utilization)
        {
            return shape[0].Score * 10;
        }
        if (use >= shape[^1].Utilization)
        {
            return shape[^1].Score * 10;
        }
        var next = Enumerable.Range(1, shape.Count - 1).First(i => use <= shape[i].Utilization);
        var (from, to) = (shape[next - 1], shape[next]);
        return from.Score * 10 + (to.Score - from.Score) * 10 * (use - from.Utilization) / (to.Utilization - from.Utilization);
    }

    private long[] Balance(V1Pod pod, List<V1Node> nodes, ReferenceCluster cluster)
    {
        var resources = settings.NodeResourcesBalancedAllocation.Resources.Where(r => IsUsed(pod, r.Name)).Select(r => r.Name).ToArray();
        if (resources.All(r => ReferenceCluster.Requested(pod, r) == 0))
        {
            return new long[nodes.Count];
        }
        return
        [
            .. nodes.Select(node =>
            {
                double[] shares =
                [
                    .. resources
                        .Select(r => Use(pod, node, cluster, r, withDefaults: false))
                        .Where(u => u.Allocatable > 0)
                        .Select(u => Math.Min(1, (double)u.Requested / u.Allocatable)),
                ];
                // Half of their difference, computed as the scheduler does: the last bit decides how the score is truncated.
                var deviation =
                    shares.Length == 2 ? Math.Abs((shares[0] - shares[1]) / 2)
                    : shares.Length < 2 ? 0
                    : Math.Sqrt(shares.Sum(s => (s - shares.Sum() / shares.Length) * (s - shares.Sum() / shares.Length)) / shares.Length);
                return (long)((1 - deviation) * 100);
            }),
        ];
    }

    private static long[] Images(V1Pod pod, List<V1Node> nodes, ReferenceCluster cluster)
    {
        const long mebibyte = 1024 * 1024;
        V1Container[] containers = [.. pod.Spec.InitContainers ?? [], .. pod.Spec.Containers];
        long Size(V1Node node, string image) =>
            (node.Status.Images ?? []).FirstOrDefault(i => i.Names.Contains(image + ":latest"))?.SizeBytes ?? 0;
        return
        [
            .. nodes.Select(node =>
            {
                var sum = containers.Sum(c =>
                    (long)(Size(node, c.Image) * ((double)cluster.Nodes.Values.Count(n => Size(n, c.Image) > 0) / cluster.Nodes.Count))
                );
                var most = 1000 * mebibyte * containers.Length;
                return 100 * (Math.Clamp(sum, 23 * mebibyte, most) - 23 * mebibyte) / (most - 23 * mebibyte);
            }),
        ];
    }

    private long[] Affinity(V1Pod pod, List<V1Node> nodes, ReferenceCluster cluster)
    {
        var own = Preferences(pod).ToArray();
        var weights = new Dictionary<(string, string), long>();
        if (own.Length > 0 || !settings.InterPodAffinity.IgnorePreferredTermsOfExistingPods)
        {
            foreach (var (other, node) in cluster.Everybody)
            {
                var terms = own.Where(t => cluster.IsAbout(t.Term, pod, other))
                    .Concat(Preferences(other).Where(t => cluster.IsAbout(t.Term, other, pod)))
                    .Concat(
                        (other.Spec.Affinity?.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [])
                            .Where(t => cluster.IsAbout(t, other, pod))
                            .Select(t => (t, (long)settings.InterPodAffinity.HardPodAffinityWeight))
                    );
                foreach (var (term, weight) in terms)
                {
                    if (ReferenceCluster.Label(node, term.TopologyKey) is { } value)
                    {
                        weights[(term.TopologyKey, value)] = weights.GetValueOrDefault((term.TopologyKey, value)) + weight;
                    }
                }
            }
        }
        long[] sums = [.. nodes.Select(n => weights.Where(w => ReferenceCluster.Label(n, w.Key.Item1) == w.Key.Item2).Sum(w => w.Value))];
        return [.. sums.Select(s => sums.Max() == sums.Min() ? 0 : (long)(100 * ((double)(s - sums.Min()) / (sums.Max() - sums.Min()))))];
    }

    private static IEnumerable<(V1PodAffinityTerm Term, long Weight)> Preferences(V1Pod pod) =>
        (pod.Spec.Affinity?.PodAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? [])
            .Select(t => (t.PodAffinityTerm, (long)t.Weight))
            .Concat(
                (pod.Spec.Affinity?.PodAntiAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? []).Select(t =>
                    (t.PodAffinityTerm, -(long)t.Weight)
                )
            );

    private long[] Spread(V1Pod pod, List<V1Node> nodes, ReferenceCluster cluster)
    {
        var constraints = ReferenceSpread.Of(pod, cluster, settings, "ScheduleAnyway");
        if (constraints.Length == 0)
        {
            return new long[nodes.Count];
        }
        var needsAll = pod.Spec.TopologySpreadConstraints is { Count: > 0 } || settings.PodTopologySpread.Defaulting == DefaultSpread.List;
        bool Counts(V1Node n) => !needsAll || constraints.All(c => ReferenceCluster.Label(n, c.Key) is not null);
        var counted = nodes.Where(Counts).ToArray();
        var crowds = nodes
            .Select(node =>
                Counts(node) ? (long?)(long)Math.Round(constraints.Sum(c => Crowd(c, node)), MidpointRounding.AwayFromZero) : null
            )
            .ToArray();
        var (lowest, highest) = (crowds.Min() ?? 0, Math.Max(crowds.Max() ?? 0, 0));
        return
        [
            .. crowds.Select(c =>
                c is not { } count ? 0
                : highest == 0 ? 100
                : 100 * (highest + lowest - count) / highest
            ),
        ];

        double Crowd(ReferenceSpread constraint, V1Node node)
        {
            if (ReferenceCluster.Label(node, constraint.Key) is not { } domain)
            {
                return 0;
            }
            var perNode = constraint.Key == "kubernetes.io/hostname";
            var domains = perNode ? counted.Length : counted.Select(n => ReferenceCluster.Label(n, constraint.Key)).Distinct().Count();
            var pods = perNode
                ? cluster.On(node).Count(constraint.Counts)
                : cluster
                    .Nodes.Values.Where(n =>
                        Counts(n) && ReferenceCluster.Label(n, constraint.Key) == domain && constraint.Includes(n, pod)
                    )
                    .Sum(n => cluster.On(n).Count(constraint.Counts));
            return pods * Math.Log(domains + 2) + (constraint.MaxSkew - 1);
        }
    }
}
