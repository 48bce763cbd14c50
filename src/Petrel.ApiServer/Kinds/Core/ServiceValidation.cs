using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>Upstream's rules for Services, in upstream's order.</summary>
internal static class ServiceValidation
{
    private const string OldTopology = "service.kubernetes.io/topology-aware-hints";
    private const string Topology = "service.kubernetes.io/topology-mode";
    private const string SourceRanges = "service.beta.kubernetes.io/load-balancer-source-ranges";
    private const string OnlyBalanced = "may only be used when `type` is 'LoadBalancer'";

    private static readonly string[] Types = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    private static readonly string[] Affinities = ["ClientIP", "None"];
    private static readonly string[] Policies = ["Cluster", "Local"];
    private static readonly string[] Distributions = ["PreferClose", "PreferSameNode", "PreferSameZone"];

    public static void Validate(JsonObject service, JsonObject? old, FieldErrors errors)
    {
        var spec = service.Child("spec") ?? [];
        if (old is not null)
        {
            ServiceAddresses.Update(spec, old.Child("spec") ?? [], errors);
            Update(spec, old.Child("spec") ?? [], errors);
        }
        var annotations = service.Child("metadata").Child("annotations");
        if (annotations.Has(Topology) && annotations.Has(OldTopology) && annotations.Text(Topology) != annotations.Text(OldTopology))
        {
            errors.Invalid(
                $"metadata.annotations[{Topology}]",
                annotations.Text(Topology),
                $"must match annotations[{OldTopology}] when both are specified"
            );
        }
        var type = spec.Text("type");
        if (type != "ExternalName" && !ServiceAddresses.IsHeadless(spec) && (spec.List("ports")?.Count ?? 0) == 0)
        {
            errors.Required("spec.ports");
        }
        OfType(spec, type, errors);
        ServicePorts.Each(spec, errors);
        MetadataValidation.Labels(spec, "selector", "spec", errors);
        Affinity(spec, errors);
        ServiceAddresses.Validate(spec, errors);
        ExternalAddresses(spec, errors);
        if (!Types.Contains(type))
        {
            errors.NotSupported("spec.type", type, Types);
        }
        ServicePorts.Together(spec, type, errors);
        Ranges(spec, annotations, type, errors);
        if (spec.Has("allocateLoadBalancerNodePorts") && type != "LoadBalancer")
        {
            errors.Forbidden("spec.allocateLoadBalancerNodePorts", OnlyBalanced);
        }
        BalancerClass(spec, type, errors);
        ExternalTraffic(spec, errors);
        if (spec.Text("internalTrafficPolicy") is { Length: > 0 } policy && !Policies.Contains(policy))
        {
            errors.NotSupported("spec.internalTrafficPolicy", policy, Policies);
        }
        if (spec.Has("trafficDistribution") && !Distributions.Contains(spec.Text("trafficDistribution")))
        {
            errors.NotSupported("spec.trafficDistribution", spec.Text("trafficDistribution"), Distributions);
        }
    }

    private static void Update(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        if (
            spec.Text("type") == "LoadBalancer"
            && old.Text("type") == "LoadBalancer"
            && !JsonNode.DeepEquals(spec["loadBalancerClass"], old["loadBalancerClass"])
        )
        {
            errors.Invalid("spec.loadBalancerClass", spec["loadBalancerClass"], "may not change once set");
        }
        if (
            ServiceDefaults.NeedsHealthPort(spec)
            && ServiceDefaults.NeedsHealthPort(old)
            && spec.Number("healthCheckNodePort") != old.Number("healthCheckNodePort")
        )
        {
            errors.Forbidden("spec.healthCheckNodePort", "field is immutable");
        }
    }

    private static void OfType(JsonObject spec, string type, FieldErrors errors)
    {
        if (type is "LoadBalancer" or "NodePort" && ServiceAddresses.IsHeadless(spec))
        {
            errors.Invalid("spec.clusterIPs[0]", "None", $"may not be set to 'None' for {type} services");
        }
        if (type != "ExternalName")
        {
            return;
        }
        foreach (var field in new[] { "clusterIPs", "ipFamilies", "ipFamilyPolicy" })
        {
            if (field == "ipFamilyPolicy" ? spec.Has(field) : spec.List(field) is { Count: > 0 })
            {
                errors.Forbidden($"spec.{field}", "may not be set for ExternalName services");
            }
        }
        var name = spec.Text("externalName") is var full && full.EndsWith('.') ? full[..^1] : full;
        if (name.Length == 0)
        {
            errors.Required("spec.externalName");
        }
        else if (NameSyntax.SubdomainProblem(name) is { } problem)
        {
            errors.Invalid("spec.externalName", name, problem);
        }
    }

    private static void Affinity(JsonObject spec, FieldErrors errors)
    {
        const int day = 86400;
        if (!Affinities.Contains(spec.Text("sessionAffinity")))
        {
            errors.NotSupported("spec.sessionAffinity", spec.Text("sessionAffinity"), Affinities);
        }
        if (
            spec.Text("sessionAffinity") == "ClientIP"
            && spec.Child("sessionAffinityConfig").Child("clientIP").Number("timeoutSeconds") is <= 0 or > day
        )
        {
            errors.Invalid(
                "spec.sessionAffinityConfig.clientIP.timeoutSeconds",
                spec.Child("sessionAffinityConfig").Child("clientIP").Number("timeoutSeconds"),
                $"must be greater than 0 and less than {day}"
            );
        }
    }

    private static void ExternalAddresses(JsonObject spec, FieldErrors errors)
    {
        var external = spec.Texts("externalIPs").ToArray();
        for (var i = 0; i < external.Length; i++)
        {
            if (AddressSyntax.LegacyProblem(external[i]) is { } problem)
            {
                errors.Invalid($"spec.externalIPs[{i}]", external[i], problem);
                continue;
            }
            foreach (var special in AddressSyntax.SpecialProblems(external[i]))
            {
                errors.Invalid($"spec.externalIPs[{i}]", external[i], special);
            }
        }
    }

    // Source ranges were an annotation once, which allowed whitespace.
    private static void Ranges(JsonObject spec, JsonObject? annotations, string type, FieldErrors errors)
    {
        const string path = "spec.LoadBalancerSourceRanges";
        var ranges = spec.Texts("loadBalancerSourceRanges").ToArray();
        if (ranges.Length > 0)
        {
            if (type != "LoadBalancer")
            {
                errors.Forbidden(path, OnlyBalanced);
            }
            for (var i = 0; i < ranges.Length; i++)
            {
                Range(ranges[i].Trim(), $"{path}[{i}]", errors);
            }
        }
        else if (annotations.Has(SourceRanges))
        {
            var at = $"metadata.annotations[{SourceRanges}]";
            if (type != "LoadBalancer")
            {
                errors.Forbidden(at, OnlyBalanced);
            }
            foreach (var range in annotations.Text(SourceRanges).Trim() is { Length: > 0 } text ? text.Split(',') : [])
            {
                Range(range.Trim(), at, errors);
            }
        }
    }

    private static void Range(string range, string path, FieldErrors errors)
    {
        if (AddressSyntax.LegacyRangeProblem(range) is { } problem)
        {
            errors.Invalid(path, range, problem);
        }
    }

    private static void BalancerClass(JsonObject spec, string type, FieldErrors errors)
    {
        if (!spec.Has("loadBalancerClass"))
        {
            return;
        }
        var name = spec.Text("loadBalancerClass");
        if (type != "LoadBalancer")
        {
            errors.Forbidden("spec.loadBalancerClass", OnlyBalanced);
        }
        else if (LabelSyntax.KeyProblem(name) is { } problem)
        {
            errors.Invalid("spec.loadBalancerClass", name, problem);
        }
    }

    private static void ExternalTraffic(JsonObject spec, FieldErrors errors)
    {
        var policy = spec.Text("externalTrafficPolicy");
        if (!ServiceDefaults.IsReachedFromOutside(spec))
        {
            if (policy.Length > 0)
            {
                errors.Invalid("spec.externalTrafficPolicy", policy, "may only be set for externally-accessible services");
            }
        }
        else if (!Policies.Contains(policy))
        {
            errors.NotSupported("spec.externalTrafficPolicy", policy, Policies);
        }
        var port = spec.Number("healthCheckNodePort") ?? 0;
        if (port == 0)
        {
            return;
        }
        if (!ServiceDefaults.NeedsHealthPort(spec))
        {
            errors.Invalid(
                "spec.healthCheckNodePort",
                port,
                "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"
            );
        }
        else if (NameSyntax.PortProblem(port) is { } problem)
        {
            errors.Invalid("spec.healthCheckNodePort", port, problem);
        }
    }
}
