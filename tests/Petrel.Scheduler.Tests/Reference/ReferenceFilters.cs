using k8s.Models;
using Petrel.Scheduler.Settings;
using Petrel.Workloads;

namespace Petrel.Scheduler.Tests.Reference;

/// <summary>Which nodes can take a pod, one after the other in upstream's order.</summary>
internal sealed class ReferenceFilters(ProfileSettings settings)
{
    private static readonly string[] Resources = ["cpu", "memory", "ephemeral-storage", "example.com/gpu"];

    /// <summary>The names that every term of the required affinity is restricted to.</summary>
    public static HashSet<string>? NamedNodes(V1Pod pod)
    {
        var terms = pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms;
        if (terms is not { Count: > 0 } || terms.Any(t => t.MatchFields is not { Count: > 0 }))
        {
            return null;
        }
        return [.. terms.SelectMany(t => t.MatchFields.Select(f => f.Values.AsEnumerable()).Aggregate((a, b) => a.Intersect(b)))];
    }

    public List<string> WhyNot(V1Pod pod, V1Node node, ReferenceCluster cluster)
    {
        if (
            node.Spec.Unschedulable == true
            && !ReferenceCluster.Tolerates(pod, new() { Key = "node.kubernetes.io/unschedulable", Effect = "NoSchedule" })
        )
        {
            return ["node(s) were unschedulable"];
        }
        if (Untolerated(pod, node))
        {
            return ["node(s) had untolerated taint(s)"];
        }
        if (
            settings.NodeAffinity.AddedAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is { } added
            && !added.NodeSelectorTerms.Any(t => ReferenceCluster.MatchesTerm(t, node))
        )
        {
            return ["node(s) didn't match scheduler-enforced node affinity"];
        }
        if (!ReferenceCluster.MatchesRequired(pod, node))
        {
            return ["node(s) didn't match Pod's node affinity/selector"];
        }
        if (
            Ports(pod)
                .Any(p =>
                    cluster
                        .On(node)
                        .SelectMany(Ports)
                        .Any(q => p.Port == q.Port && p.Protocol == q.Protocol && (p.Ip == q.Ip || p.Ip == "0.0.0.0" || q.Ip == "0.0.0.0"))
                )
        )
        {
            return ["node(s) didn't have free ports for the requested pod ports"];
        }
        List<string> shortages = [];
        if (cluster.On(node).Count() >= ReferenceCluster.Allocatable(node, "pods"))
        {
            shortages.Add("Too many pods");
        }
        foreach (var resource in Resources.Except(settings.NodeResourcesFit.IgnoredResources))
        {
            var wanted = ReferenceCluster.Requested(pod, resource);
            if (
                wanted > 0
                && wanted + cluster.On(node).Sum(p => ReferenceCluster.Requested(p, resource))
                    > ReferenceCluster.Allocatable(node, resource)
            )
            {
                shortages.Add($"Insufficient {resource}");
            }
        }
        return shortages.Count > 0 ? shortages : Spread(pod, node, cluster) ?? Affinity(pod, node, cluster) ?? [];
    }

    private static bool Untolerated(V1Pod pod, V1Node node) =>
        (node.Spec.Taints ?? []).Any(t => t.Effect is "NoSchedule" or "NoExecute" && !ReferenceCluster.Tolerates(pod, t));

    private static IEnumerable<(string Ip, string Protocol, int Port)> Ports(V1Pod pod) =>
        from container in pod.Spec.Containers
        from port in container.Ports ?? []
        where port.HostPort > 0
        select (string.IsNullOrEmpty(port.HostIP) ? "0.0.0.0" : port.HostIP, port.Protocol ?? "TCP", port.HostPort!.Value);

    private List<string>? Spread(V1Pod pod, V1Node node, ReferenceCluster cluster)
    {
        var constraints = ReferenceSpread.Of(pod, cluster, settings, "DoNotSchedule");
        foreach (var constraint in constraints)
        {
            if (ReferenceCluster.Label(node, constraint.Key) is not { } domain)
            {
                return ["node(s) didn't match pod topology spread constraints (missing required label)"];
            }
            V1Node[] counted =
            [
                .. cluster.Nodes.Values.Where(n =>
                    constraints.All(c => ReferenceCluster.Label(n, c.Key) is not null) && constraint.Includes(n, pod)
                ),
            ];
            var domains = counted
                .GroupBy(n => ReferenceCluster.Label(n, constraint.Key))
                .ToDictionary(d => d.Key!, d => d.Sum(n => cluster.On(n).Count(constraint.Counts)));
            var fewest = domains.Count == 0 || domains.Count < constraint.MinDomains ? 0 : domains.Values.Min();
            var self = constraint.Selects(pod) ? 1 : 0;
            if (domains.GetValueOrDefault(domain) + self - fewest > constraint.MaxSkew)
            {
                return ["node(s) didn't match pod topology spread constraints"];
            }
        }
        return null;
    }

    private static List<string>? Affinity(V1Pod pod, V1Node node, ReferenceCluster cluster)
    {
        var near = pod.Spec.Affinity?.PodAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [];
        var away = pod.Spec.Affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? [];
        bool SameDomain(V1Node other, string key) =>
            ReferenceCluster.Label(node, key) is { } value && ReferenceCluster.Label(other, key) == value;
        var friends = cluster.Everybody.Where(e => near.All(t => cluster.IsAbout(t, pod, e.Pod))).ToArray();
        var met = near.All(t => friends.Any(f => SameDomain(f.Node, t.TopologyKey)));
        var first =
            near.All(t => cluster.IsAbout(t, pod, pod))
            && !friends.Any(f => near.Any(t => ReferenceCluster.Label(f.Node, t.TopologyKey) is not null));
        if (near.Any(t => ReferenceCluster.Label(node, t.TopologyKey) is null) || !(met || first))
        {
            return ["node(s) didn't match pod affinity rules"];
        }
        if (away.Any(t => cluster.Everybody.Any(e => cluster.IsAbout(t, pod, e.Pod) && SameDomain(e.Node, t.TopologyKey))))
        {
            return ["node(s) didn't match pod anti-affinity rules"];
        }
        return cluster.Everybody.Any(e =>
            (e.Pod.Spec.Affinity?.PodAntiAffinity?.RequiredDuringSchedulingIgnoredDuringExecution ?? []).Any(t =>
                cluster.IsAbout(t, e.Pod, pod) && SameDomain(e.Node, t.TopologyKey)
            )
        )
            ? ["node(s) didn't satisfy existing pods anti-affinity rules"]
            : null;
    }
}
