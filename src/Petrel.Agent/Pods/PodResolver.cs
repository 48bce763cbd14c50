using k8s.Models;
using Petrel.Agent.Nodes;
using Petrel.Agent.Runtimes;

namespace Petrel.Agent.Pods;

/// <summary>
/// The resolver configuration of a pod by its <c>dnsPolicy</c> and <c>dnsConfig</c> (Kubernetes documentation, "DNS for Services and
/// Pods"). A pure function.
/// </summary>
internal static class PodResolver
{
    /// <summary>The configuration. Null for the node's own, unchanged.</summary>
    public static ResolverConfig? Create(V1Pod pod, AgentSettings settings)
    {
        var own = new ResolverConfig
        {
            Nameservers = [.. pod.Spec.DnsConfig?.Nameservers ?? []],
            Searches = [.. pod.Spec.DnsConfig?.Searches ?? []],
            Options = [.. (pod.Spec.DnsConfig?.Options ?? []).Select(o => o.Value is null ? o.Name : $"{o.Name}:{o.Value}")],
        };
        return pod.Spec.DnsPolicy switch
        {
            "None" => own,
            "Default" => OfNode(),
            "ClusterFirst" or null or "" when pod.Spec.HostNetwork == true => OfNode(),
            _ => OfCluster(pod, settings).With(own),
        };

        ResolverConfig? OfNode() => pod.Spec.DnsConfig is null ? null : own with { ExtendsNode = true };
    }

    private static ResolverConfig OfCluster(V1Pod pod, AgentSettings settings) =>
        settings.ClusterDns.Count == 0
            ? new()
            : new()
            {
                Nameservers = settings.ClusterDns,
                Searches =
                [
                    $"{pod.Metadata.NamespaceProperty}.svc.{settings.ClusterDomain}",
                    $"svc.{settings.ClusterDomain}",
                    settings.ClusterDomain,
                ],
                Options = ["ndots:5"],
            };
}
