using System.Net;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>Upstream's rules for Services.</summary>
internal static class ServiceValidation
{
    private const string NotAnAddress = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";

    private static readonly string[] Types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    private static readonly string[] Affinities = ["ClientIP", "None"];
    private static readonly string[] Protocols = ["SCTP", "TCP", "UDP"];
    private static readonly string[] Policies = ["Cluster", "Local"];

    public static void Validate(JsonObject service, JsonObject? old, FieldErrors errors)
    {
        var spec = service.Child("spec") ?? [];
        var type = spec.Text("type");
        if (!Types.Contains(type))
        {
            errors.NotSupported("spec.type", type, Types);
        }
        var isHeadless = spec.Text("clusterIP") == "None";
        if (type != "ExternalName" && !isHeadless && (spec.List("ports")?.Count ?? 0) == 0)
        {
            errors.Required("spec.ports");
        }
        Ports(spec, type, errors);
        OfType(spec, type, isHeadless, errors);
        MetadataValidation.Labels(spec, "selector", "spec", errors);
        if (!Affinities.Contains(spec.Text("sessionAffinity")))
        {
            errors.NotSupported("spec.sessionAffinity", spec.Text("sessionAffinity"), Affinities);
        }
        Affinity(spec, errors);
        Policy(spec, "internalTrafficPolicy", errors);
        Policy(spec, "externalTrafficPolicy", errors);
        var external = spec.Texts("externalIPs").ToArray();
        for (var i = 0; i < external.Length; i++)
        {
            if (!IPAddress.TryParse(external[i], out _))
            {
                errors.Invalid($"spec.externalIPs[{i}]", external[i], NotAnAddress);
            }
        }
        if (old is not null)
        {
            Update(spec, old.Child("spec") ?? [], errors);
        }
    }

    private static void Ports(JsonObject spec, string type, FieldErrors errors)
    {
        var many = (spec.List("ports")?.Count ?? 0) > 1;
        var names = new HashSet<string>(StringComparer.Ordinal);
        var numbers = new HashSet<string>(StringComparer.Ordinal);
        var nodePorts = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (port, at) in spec.Indexed("ports", "spec"))
        {
            var name = port.Text("name");
            if (name.Length == 0)
            {
                if (many)
                {
                    errors.Required($"{at}.name");
                }
            }
            else if (NameSyntax.LabelProblem(name) is { } problem)
            {
                errors.Invalid($"{at}.name", name, problem);
            }
            else if (!names.Add(name))
            {
                errors.Duplicate($"{at}.name", name);
            }
            var number = port.Number("port") ?? 0;
            if (NameSyntax.PortProblem(number) is { } portProblem)
            {
                errors.Invalid($"{at}.port", number, portProblem);
            }
            var protocol = port.Text("protocol");
            if (!Protocols.Contains(protocol))
            {
                errors.NotSupported($"{at}.protocol", protocol, Protocols);
            }
            ProbeValidation.Port(port["targetPort"], $"{at}.targetPort", errors);
            if (!numbers.Add($"{protocol}/{number}"))
            {
                errors.Duplicate(at, new JsonObject { ["protocol"] = protocol, ["port"] = number });
            }
            NodePort(port, at, type, nodePorts, errors);
        }
    }

    private static void NodePort(JsonObject port, string path, string type, HashSet<string> taken, FieldErrors errors)
    {
        var number = port.Number("nodePort") ?? 0;
        if (number == 0)
        {
            return;
        }
        if (type is "ClusterIP" or "ExternalName")
        {
            errors.Forbidden($"{path}.nodePort", $"may not be used when `type` is '{type}'");
        }
        else if (NameSyntax.PortProblem(number) is { } problem)
        {
            errors.Invalid($"{path}.nodePort", number, problem);
        }
        else if (!taken.Add($"{port.Text("protocol")}/{number}"))
        {
            errors.Duplicate($"{path}.nodePort", number);
        }
    }

    private static void OfType(JsonObject spec, string type, bool isHeadless, FieldErrors errors)
    {
        var addresses = spec.Texts("clusterIPs").ToArray();
        if (type == "ExternalName")
        {
            if (addresses.Length > 0)
            {
                errors.Forbidden("spec.clusterIPs[0]", "may not be set for ExternalName services");
            }
            var name = spec.Text("externalName").TrimEnd('.');
            if (name.Length == 0)
            {
                errors.Required("spec.externalName");
            }
            else if (NameSyntax.SubdomainProblem(name) is { } problem)
            {
                errors.Invalid("spec.externalName", name, problem);
            }
            return;
        }
        if (isHeadless && type is "LoadBalancer" or "NodePort" && isHeadless)
        {
            errors.Invalid("spec.clusterIPs[0]", "None", $"may not be set to 'None' for {type} services");
        }
        for (var i = 0; i < addresses.Length; i++)
        {
            if (addresses[i] == "None" ? addresses.Length > 1 : !IPAddress.TryParse(addresses[i], out _))
            {
                errors.Invalid($"spec.clusterIPs[{i}]", addresses[i], addresses[i] == "None" ? "'None' must be the first and only value" : NotAnAddress);
            }
        }
        if (spec.Text("clusterIP").Length > 0 && addresses.Length > 0 && spec.Text("clusterIP") != addresses[0])
        {
            errors.Invalid("spec.clusterIP", spec.Text("clusterIP"), "first value must match `clusterIPs`");
        }
        if (type == "ClusterIP" && spec.Has("externalTrafficPolicy") && spec.Text("externalTrafficPolicy").Length > 0 && !spec.Has("externalIPs"))
        {
            errors.Invalid("spec.externalTrafficPolicy", spec.Text("externalTrafficPolicy"), "may only be set for externally-accessible services");
        }
    }

    private static void Affinity(JsonObject spec, FieldErrors errors)
    {
        const int day = 86400;
        if (spec.Text("sessionAffinity") == "ClientIP"
            && spec.Child("sessionAffinityConfig").Child("clientIP").Number("timeoutSeconds") is <= 0 or > day)
        {
            errors.Invalid(
                "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
                spec.Child("sessionAffinityConfig").Child("clientIP").Number("timeoutSeconds"),
                $"must be greater than 0 and less than {day}");
        }
    }

    private static void Policy(JsonObject spec, string field, FieldErrors errors)
    {
        if (spec.Text(field) is { Length: > 0 } policy && !Policies.Contains(policy))
        {
            errors.NotSupported($"spec.{field}", policy, Policies);
        }
    }

    /// <summary>An address, once given out, stays while the Service has one.</summary>
    private static void Update(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        if (spec.Text("type") == "ExternalName" || old.Text("type") == "ExternalName")
        {
            return;
        }
        var before = old.Text("clusterIP");
        var now = spec.Text("clusterIP");
        if (before.Length > 0 && now != before)
        {
            var list = spec.List("clusterIPs") ?? [now];
            errors.Invalid("spec.clusterIPs[0]", list, now.Length == 0 ? "primary clusterIP can not be unset" : "may not change once set");
        }
    }
}
