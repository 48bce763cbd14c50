using System.Net;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>Upstream's rules for pods and pod templates.</summary>
internal static class PodValidation
{
    private static readonly string[] RestartPolicies = ["Always", "OnFailure", "Never"];
    private static readonly string[] DnsPolicies = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];
    private static readonly string[] PreemptionPolicies = ["Never", "PreemptLowerPriority"];

    public static void Validate(JsonObject pod, JsonObject? old, FieldErrors errors)
    {
        var spec = pod.Child("spec") ?? [];
        Spec(spec, "spec", isPod: true, errors);
        if (old is not null)
        {
            PodUpdateValidation.Validate(spec, old.Child("spec") ?? [], errors);
        }
    }

    /// <summary>Checks a pod's spec, or that of a template.</summary>
    public static void Spec(JsonObject spec, string path, bool isPod, FieldErrors errors)
    {
        var volumes = VolumeValidation.Volumes(spec, path, errors);
        ContainerValidation.Containers(spec, path, volumes, isPod, errors);
        OneOf(spec, "restartPolicy", path, RestartPolicies, errors);
        OneOf(spec, "dnsPolicy", path, DnsPolicies, errors);
        Dns(spec, path, errors);
        if (spec.Has("preemptionPolicy"))
        {
            OneOf(spec, "preemptionPolicy", path, PreemptionPolicies, errors);
        }
        if (spec.Number("activeDeadlineSeconds") is { } deadline and (< 1 or > int.MaxValue))
        {
            errors.Invalid($"{path}.activeDeadlineSeconds", deadline, $"must be between 1 and {int.MaxValue}, inclusive");
        }
        Quantities.Requirements(spec.Child("resources"), $"{path}.resources", errors);
        Name(spec, "serviceAccountName", path, NameSyntax.SubdomainProblem, errors);
        Name(spec, "nodeName", path, NameSyntax.SubdomainProblem, errors);
        Name(spec, "priorityClassName", path, NameSyntax.SubdomainProblem, errors);
        Name(spec, "runtimeClassName", path, NameSyntax.SubdomainProblem, errors);
        Name(spec, "hostname", path, NameSyntax.LabelProblem, errors);
        Name(spec, "subdomain", path, NameSyntax.LabelProblem, errors);
        MetadataValidation.Labels(spec, "nodeSelector", path, errors);
        SchedulingValidation.Validate(spec, path, errors);
        foreach (var (gate, at) in spec.Indexed("readinessGates", path))
        {
            if (LabelSyntax.KeyProblem(gate.Text("conditionType")) is { } problem)
            {
                errors.Invalid($"{at}.conditionType", gate.Text("conditionType"), problem);
            }
        }
        HostAliases(spec, path, errors);
        SecurityValidation.Pod(spec, path, errors);
        if (spec.Child("os") is { } os && os.Text("name") is not ("linux" or "windows"))
        {
            errors.NotSupported($"{path}.os.name", os.Text("name"), "linux", "windows");
        }
    }

    private static void OneOf(JsonObject spec, string name, string path, string[] supported, FieldErrors errors)
    {
        var value = spec.Text(name);
        if (value.Length == 0)
        {
            errors.Required($"{path}.{name}");
        }
        else if (!supported.Contains(value))
        {
            errors.NotSupported($"{path}.{name}", value, supported);
        }
    }

    private static void Name(JsonObject spec, string field, string path, Func<string, string?> problemOf, FieldErrors errors)
    {
        if (spec.Text(field) is { Length: > 0 } name && problemOf(name) is { } problem)
        {
            errors.Invalid($"{path}.{field}", name, problem);
        }
    }

    private static void Dns(JsonObject spec, string path, FieldErrors errors)
    {
        const int maxServers = 3;
        const int maxSearches = 32;
        var servers = spec.Child("dnsConfig").Texts("nameservers").ToArray();
        if (spec.Text("dnsPolicy") == "None")
        {
            if (!spec.Has("dnsConfig"))
            {
                errors.Required($"{path}.dnsConfig", "must provide `dnsConfig` when `dnsPolicy` is None");
            }
            else if (servers.Length == 0)
            {
                errors.Required($"{path}.dnsConfig.nameservers", "must provide at least one DNS nameserver when `dnsPolicy` is None");
            }
        }
        if (servers.Length > maxServers)
        {
            errors.Invalid(
                $"{path}.dnsConfig.nameservers",
                spec.Child("dnsConfig").List("nameservers"),
                $"must not have more than {maxServers} nameservers"
            );
        }
        for (var i = 0; i < servers.Length; i++)
        {
            if (!IPAddress.TryParse(servers[i], out _))
            {
                errors.Invalid(
                    $"{path}.dnsConfig.nameservers[{i}]",
                    servers[i],
                    "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
                );
            }
        }
        if (spec.Child("dnsConfig").List("searches") is { Count: > maxSearches } searches)
        {
            errors.Invalid($"{path}.dnsConfig.searches", searches, $"must not have more than {maxSearches} search paths");
        }
    }

    private static void HostAliases(JsonObject spec, string path, FieldErrors errors)
    {
        foreach (var (alias, at) in spec.Indexed("hostAliases", path))
        {
            if (!IPAddress.TryParse(alias.Text("ip"), out _))
            {
                errors.Invalid($"{at}.ip", alias.Text("ip"), "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
            }
            foreach (var name in alias.Texts("hostnames"))
            {
                if (NameSyntax.SubdomainProblem(name) is { } problem)
                {
                    errors.Invalid($"{at}.hostnames", name, problem);
                }
            }
        }
    }
}
