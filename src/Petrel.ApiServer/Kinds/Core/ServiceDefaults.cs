using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;

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
            if (port["targetPort"] is null || NodeFields.AsNumber(port["targetPort"]) == 0 || NodeFields.AsText(port["targetPort"]) is "")
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
        if (IsReachedFromOutside(spec))
        {
            spec.Fill("externalTrafficPolicy", "Cluster");
        }
        if (type is "LoadBalancer")
        {
            spec.Fill("allocateLoadBalancerNodePorts", true);
            foreach (var ingress in service.Child("status").Child("loadBalancer").Objects("ingress").Where(i => i.Text("ip").Length > 0))
            {
                ingress.Fill("ipMode", "VIP");
            }
        }
        if (type != "ExternalName")
        {
            spec.Fill("internalTrafficPolicy", "Cluster");
            Families(spec);
        }
    }

    /// <summary>Whether external traffic reaches the Service, so that externalTrafficPolicy applies.</summary>
    public static bool IsReachedFromOutside(JsonObject spec) =>
        HasNodePorts(spec) || (spec.Text("type") == "ClusterIP" && spec.List("externalIPs") is { Count: > 0 });

    /// <summary>Whether load balancers need the health check port, which tells them which nodes have pods.</summary>
    public static bool NeedsHealthPort(JsonObject spec) =>
        spec.Text("type") == "LoadBalancer" && spec.Text("externalTrafficPolicy") == "Local";

    /// <summary>
    /// An update that omits allocated values keeps them; one that changes the type releases those that the new type does not have.
    /// </summary>
    public static void Keep(JsonObject service, JsonObject old)
    {
        var spec = service.Ensure("spec");
        var before = old.Child("spec") ?? [];
        if (spec.Text("type") != "ExternalName" && before.Text("type") != "ExternalName")
        {
            KeepAddresses(spec, before);
        }
        if (HasNodePorts(spec) && HasNodePorts(before))
        {
            KeepNodePorts(spec, before);
        }
        if (
            NeedsHealthPort(spec)
            && NeedsHealthPort(before)
            && spec.Number("healthCheckNodePort") is null or 0
            && before.Number("healthCheckNodePort") is { } health
        )
        {
            spec["healthCheckNodePort"] = health;
        }
        Drop(service, spec, before);
        Families(spec);
    }

    private static bool HasNodePorts(JsonObject spec) => spec.Text("type") is "NodePort" or "LoadBalancer";

    // An older client sets clusterIP only: the list follows it.
    private static void KeepAddresses(JsonObject spec, JsonObject before)
    {
        var (now, was) = (spec.Text("clusterIP"), before.Text("clusterIP"));
        if (now.Length == 0 && spec.List("clusterIPs") is not { Count: > 0 })
        {
            Copy(spec, before, "clusterIP");
            Copy(spec, before, "clusterIPs");
        }
        else if (now.Length == 0)
        {
            Copy(spec, before, "clusterIP");
        }
        else if (spec.List("clusterIPs") is not { Count: > 0 } && now == was)
        {
            Copy(spec, before, "clusterIPs");
        }
        else if (now != was && JsonNode.DeepEquals(spec["clusterIPs"], before["clusterIPs"]))
        {
            spec["clusterIPs"] = new JsonArray(now);
        }
    }

    private static void Copy(JsonObject spec, JsonObject before, string field)
    {
        if (before.Has(field))
        {
            spec[field] = before[field]!.DeepClone();
        }
    }

    // Matched by name: node ports stay when other fields of a port change.
    private static void KeepNodePorts(JsonObject spec, JsonObject before)
    {
        var now = spec.Objects("ports").Select(NodePort).ToHashSet();
        var given = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var port in before.Objects("ports"))
        {
            given[port.Text("name")] = NodePort(port);
        }
        foreach (var port in spec.Objects("ports").Where(p => NodePort(p) == 0))
        {
            if (given.TryGetValue(port.Text("name"), out var number) && number != 0 && !now.Contains(number))
            {
                port["nodePort"] = number;
            }
        }
    }

    private static long NodePort(JsonObject port) => port.Number("nodePort") ?? 0;

    /// <summary>Removes fields that the new type does not have, unless the client changed them.</summary>
    private static void Drop(JsonObject service, JsonObject spec, JsonObject before)
    {
        if (spec.Text("type") == "ExternalName" && before.Text("type") != "ExternalName")
        {
            if (Same(spec, before, "clusterIP") && Same(spec, before, "clusterIPs"))
            {
                spec.Remove("clusterIP");
                spec.Remove("clusterIPs");
            }
            DropSame(spec, before, "ipFamilies");
            DropSame(spec, before, "ipFamilyPolicy");
        }
        if (
            HasNodePorts(before)
            && !HasNodePorts(spec)
            && spec.Objects("ports").Select(NodePort).Where(n => n != 0).ToHashSet().IsSubsetOf(before.Objects("ports").Select(NodePort))
        )
        {
            foreach (var port in spec.Objects("ports"))
            {
                port.Remove("nodePort");
            }
        }
        if (NeedsHealthPort(before) && !NeedsHealthPort(spec))
        {
            DropSame(spec, before, "healthCheckNodePort");
        }
        if (before.Text("type") == "LoadBalancer" && spec.Text("type") != "LoadBalancer")
        {
            DropSame(spec, before, "allocateLoadBalancerNodePorts");
            DropSame(spec, before, "loadBalancerClass");
        }
        if (IsReachedFromOutside(before) && !IsReachedFromOutside(spec))
        {
            DropSame(spec, before, "externalTrafficPolicy");
        }
        if (spec.Text("type") != "LoadBalancer" && service.Child("status").Child("loadBalancer") is { Count: > 0 })
        {
            service["status"]!["loadBalancer"] = new JsonObject();
        }
    }

    private static bool Same(JsonObject spec, JsonObject before, string field) => JsonNode.DeepEquals(spec[field], before[field]);

    private static void DropSame(JsonObject spec, JsonObject before, string field)
    {
        if (Same(spec, before, field))
        {
            spec.Remove(field);
        }
    }

    /// <summary>clusterIPs are what clusterIP says, and the families what they are.</summary>
    private static void Families(JsonObject spec)
    {
        if (spec.Text("type") == "ExternalName")
        {
            return;
        }
        if (spec.Text("clusterIP").Length > 0 && spec.List("clusterIPs") is not { Count: > 0 })
        {
            spec["clusterIPs"] = new JsonArray(spec.Text("clusterIP"));
        }
        var isAny = ServiceAddresses.IsOfAnyFamily(spec);
        spec.Fill("ipFamilyPolicy", isAny ? "RequireDualStack" : "SingleStack");
        if (spec.List("ipFamilies") is not { Count: > 0 } families)
        {
            spec["ipFamilies"] = families = new JsonArray(
                AddressSyntax.Parse(spec.Text("clusterIP")) is { } address ? ServiceAddresses.Family(address) : "IPv4"
            );
        }
        if (isAny && families.Count == 1 && spec.Text("ipFamilyPolicy") != "SingleStack")
        {
            families.Add(NodeFields.AsText(families[0]) == "IPv4" ? "IPv6" : "IPv4");
        }
    }
}
