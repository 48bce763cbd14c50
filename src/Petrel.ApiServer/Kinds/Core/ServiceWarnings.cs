using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>
/// Warnings about Services (upstream: pkg/api/service, warnings.go), and about what this release accepts and does not do yet.
/// </summary>
internal static class ServiceWarnings
{
    private const string OldTopology = "service.kubernetes.io/topology-aware-hints";
    private const string Topology = "service.kubernetes.io/topology-mode";

    public static IEnumerable<string> Of(JsonObject service, JsonObject? old)
    {
        var spec = service.Child("spec") ?? [];
        var type = spec.Text("type");
        var headless = type == "ClusterIP" && spec.Text("clusterIP") == "None";
        var external = spec.Texts("externalIPs").ToArray();
        if (service.Child("metadata").Child("annotations").Has(OldTopology))
        {
            yield return $"annotation {OldTopology} is deprecated, please use {Topology} instead";
        }
        if (headless)
        {
            foreach (var ignored in Ignored(spec, external))
            {
                yield return $"spec.{ignored} is ignored for headless services";
            }
        }
        foreach (var warning in Addresses(spec, external))
        {
            yield return warning;
        }
        if (type == "ExternalName" && external.Length > 0)
        {
            yield return "spec.externalIPs is ignored when spec.type is \"ExternalName\"";
        }
        if (type != "ExternalName" && spec.Text("externalName").Length > 0)
        {
            yield return "spec.externalName is ignored when spec.type is not \"ExternalName\"";
        }
        if (spec.Text("trafficDistribution") == "PreferClose")
        {
            yield return "spec.trafficDistribution: \"PreferClose\" is deprecated; use \"PreferSameZone\"";
        }
        if (headless || type == "ExternalName")
        {
            yield break;
        }
        foreach (var warning in WithoutEffect(spec, type, external))
        {
            yield return warning;
        }
    }

    private static IEnumerable<string> Ignored(JsonObject spec, string[] external)
    {
        if (spec.Text("loadBalancerIP").Length > 0)
        {
            yield return "loadBalancerIP";
        }
        if (external.Length > 0)
        {
            yield return "externalIPs";
        }
        if (spec.Text("sessionAffinity") is not ("" or "None"))
        {
            yield return "SessionAffinity";
        }
    }

    private static IEnumerable<string> Addresses(JsonObject spec, string[] external)
    {
        var cluster = spec.Texts("clusterIPs").Where(a => a.Length > 0 && a != "None").ToArray();
        var balancer = spec.Text("loadBalancerIP");
        return cluster
            .SelectMany((a, i) => AddressWarnings.Address($"spec.clusterIPs[{i}]", a))
            .Concat(external.SelectMany((a, i) => AddressWarnings.Address($"spec.externalIPs[{i}]", a)))
            .Concat(balancer.Length > 0 ? AddressWarnings.Address("spec.loadBalancerIP", balancer) : [])
            .Concat(
                spec.Texts("loadBalancerSourceRanges").SelectMany((r, i) => AddressWarnings.Range($"spec.loadBalancerSourceRanges[{i}]", r))
            );
    }

    // The service proxy renders cluster addresses only.
    private static IEnumerable<string> WithoutEffect(JsonObject spec, string type, string[] external)
    {
        if (type is "NodePort" or "LoadBalancer")
        {
            yield return $"spec.type: \"{type}\" has no effect yet beyond that of ClusterIP: nodes do not listen on node ports, "
                + "and no load balancer is made";
        }
        if (external.Length > 0)
        {
            yield return "spec.externalIPs has no effect yet: nodes do not accept traffic for these addresses";
        }
        if (spec.Text("sessionAffinity") == "ClientIP")
        {
            yield return "spec.sessionAffinity: \"ClientIP\" has no effect yet: each connection goes to any endpoint";
        }
    }
}
