using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>Upstream's defaults of Services, and what an update takes over from the stored one.</summary>
internal static class ServiceDefaults
{
    private const int ClientAffinitySeconds = 10800;

    public static void Default(JsonObject service)
    {
        var spec = service.Ensure("spec");
        spec.Fill("type", "ClusterIP");
        spec.Fill("sessionAffinity", "None");
        var type = spec.Text("type");
        foreach (var port in spec.Objects("ports"))
        {
            port.Fill("protocol", "TCP");
            if (port["targetPort"] is null || Fields.AsNumber(port["targetPort"]) == 0 || Fields.AsText(port["targetPort"]) is "")
            {
                port["targetPort"] = port.Number("port") ?? 0;
            }
        }
        if (spec.Text("sessionAffinity") == "None")
        {
            spec.Remove("sessionAffinityConfig");
        }
        else if (spec.Text("sessionAffinity") == "ClientIP")
        {
            spec.Ensure("sessionAffinityConfig").Ensure("clientIP").Fill("timeoutSeconds", ClientAffinitySeconds);
        }
        if (type is "NodePort" or "LoadBalancer")
        {
            spec.Fill("externalTrafficPolicy", "Cluster");
        }
        if (type is "LoadBalancer")
        {
            spec.Fill("allocateLoadBalancerNodePorts", true);
        }
        if (type != "ExternalName")
        {
            spec.Fill("internalTrafficPolicy", "Cluster");
            Families(spec);
        }
    }

    /// <summary>An update that leaves out what was given out keeps it; one that changes the type gives back what the new type has not.</summary>
    public static void Keep(JsonObject service, JsonObject old)
    {
        var spec = service.Ensure("spec");
        var before = old.Child("spec") ?? [];
        var type = spec.Text("type");
        if (type == "ExternalName")
        {
            foreach (var field in new[] { "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy" })
            {
                if (JsonNode.DeepEquals(spec[field], before[field]))
                {
                    spec.Remove(field);
                }
            }
        }
        else if (spec.Text("clusterIP").Length == 0 && (spec.List("clusterIPs")?.Count ?? 0) == 0 && before.Text("clusterIP").Length > 0)
        {
            spec["clusterIP"] = before["clusterIP"]!.DeepClone();
            spec["clusterIPs"] = before["clusterIPs"]?.DeepClone();
        }
        if (type is "NodePort" or "LoadBalancer")
        {
            KeepNodePorts(spec, before);
        }
        else
        {
            DropNodePorts(spec, before);
        }
        Families(spec);
    }

    private static void KeepNodePorts(JsonObject spec, JsonObject before)
    {
        foreach (var port in spec.Objects("ports").Where(p => p.Number("nodePort") is null or 0))
        {
            var same = before.Objects("ports").FirstOrDefault(p => p.Text("protocol") == port.Text("protocol") && p.Number("port") == port.Number("port"));
            if (same.Number("nodePort") is not (null or 0) and var given)
            {
                port["nodePort"] = given;
            }
        }
        if (spec.Text("externalTrafficPolicy") == "Local" && spec.Text("type") == "LoadBalancer"
            && spec.Number("healthCheckNodePort") is null or 0 && before.Number("healthCheckNodePort") is { } health)
        {
            spec["healthCheckNodePort"] = health;
        }
    }

    private static void DropNodePorts(JsonObject spec, JsonObject before)
    {
        var given = before.Objects("ports").Select(p => p.Number("nodePort")).Where(p => p is not (null or 0)).ToHashSet();
        foreach (var port in spec.Objects("ports").Where(p => given.Contains(p.Number("nodePort"))))
        {
            port.Remove("nodePort");
        }
        foreach (var field in new[] { "externalTrafficPolicy", "healthCheckNodePort", "allocateLoadBalancerNodePorts" })
        {
            if (JsonNode.DeepEquals(spec[field], before[field]))
            {
                spec.Remove(field);
            }
        }
    }

    /// <summary>clusterIP is the first of clusterIPs, and the families say what they are.</summary>
    private static void Families(JsonObject spec)
    {
        if (spec.Text("type") == "ExternalName")
        {
            return;
        }
        var addresses = spec.Texts("clusterIPs").ToArray();
        if (spec.Text("clusterIP").Length > 0 && addresses.Length == 0)
        {
            spec["clusterIPs"] = new JsonArray(spec.Text("clusterIP"));
        }
        else if (spec.Text("clusterIP").Length == 0 && addresses.Length > 0)
        {
            spec["clusterIP"] = addresses[0];
        }
        spec.Fill("ipFamilyPolicy", "SingleStack");
        if ((spec.List("ipFamilies")?.Count ?? 0) == 0)
        {
            var isSix = IPAddress.TryParse(spec.Text("clusterIP"), out var address) && address.AddressFamily == AddressFamily.InterNetworkV6;
            spec["ipFamilies"] = new JsonArray(isSix ? "IPv6" : "IPv4");
        }
    }
}
