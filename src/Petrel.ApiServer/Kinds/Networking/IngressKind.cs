using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Networking;

/// <summary>networking.k8s.io/v1 Ingress: which Services answer for which hosts and paths.</summary>
internal static class IngressKind
{
    private const string OldClass = "kubernetes.io/ingress.class";
    private const int ShownHosts = 3;
    private const int ShownAddress = 16;

    private static readonly string[] PathTypes = ["Exact", "ImplementationSpecific", "Prefix"];

    public static KindDefinition Definition { get; } =
        KindDefinition.Create("networking.k8s.io", "v1", "Ingress", "ingresses", namespaced: true) with
        {
            ShortNames = ["ing"],
            HasStatus = true,
            HasGeneration = true,
            PrepareForCreate = static (value, _) => value["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() },
            Validate = Validate,
            Warnings = Warn,
            Columns =
            [
                Name,
                Shown("Class", "Which controller serves it.", static o =>
                    o.Has("spec", "ingressClassName") ? o.Text("spec", "ingressClassName") : None
                ),
                Shown("Hosts", "The hosts that it serves.", Hosts),
                Shown("Address", "Where it is served.", Address),
                Shown("Ports", "The ports that it is served on.", static o => o.Count("spec", "tls") > 0 ? "80, 443" : "80"),
                Age,
            ],
        };

    private static string Hosts(JsonElement value)
    {
        var rules = value.Items("spec", "rules").ToList();
        var hosts = new List<string>();
        var rest = false;
        foreach (var rule in rules)
        {
            rest |= hosts.Count == ShownHosts;
            if (!rest && rule.Text("host") is { Length: > 0 } host)
            {
                hosts.Add(host);
            }
        }
        return hosts.Count == 0 ? "*" : string.Join(',', hosts) + (rest ? $" + {rules.Count - ShownHosts} more..." : "");
    }

    private static string Address(JsonElement value)
    {
        var all = string.Join(
            ',',
            value
                .Items("status", "loadBalancer", "ingress")
                .Select(i => i.Text("ip") is { Length: > 0 } ip ? ip : i.Text("hostname"))
                .Where(a => a.Length > 0)
                .Distinct()
                .Order(StringComparer.Ordinal)
        );
        return all.Length > ShownAddress ? all[..(ShownAddress - 3)] + "..." : all;
    }

    private static IEnumerable<string> Warn(JsonObject value, JsonObject? old) =>
        old is null
        && value.Child("metadata").Child("annotations").Has("kubernetes.io/ingress.class")
        && !value.Child("spec").Has("ingressClassName")
            ? ["annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"]
            : [];

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        if (spec.List("rules") is not { Count: > 0 } && !spec.Has("defaultBackend"))
        {
            errors.Invalid("spec", spec.List("rules"), "either `defaultBackend` or `rules` must be specified");
        }
        if (spec.Child("defaultBackend") is { } backend)
        {
            Backend(backend, "spec.defaultBackend", errors);
        }
        foreach (var (rule, at) in spec.Indexed("rules", "spec"))
        {
            Rule(rule, at, errors);
        }
        // Values stored before these rules existed may stay.
        var oldSecretsAreFine = old.Child("spec").Objects("tls").All(t => SecretProblem(t) is null);
        foreach (var (tls, at) in spec.Indexed("tls", "spec"))
        {
            var hosts = tls.Texts("hosts").ToList();
            for (var i = 0; i < hosts.Count; i++)
            {
                HostName(hosts[i], $"{at}.hosts[{i}]", errors);
            }
            if (oldSecretsAreFine && SecretProblem(tls) is { } problem)
            {
                errors.Invalid($"{at}.secretName", tls.Text("secretName"), problem);
            }
        }
        if (spec.Has("ingressClassName") && NameSyntax.SubdomainProblem(spec.Text("ingressClassName")) is { } classProblem)
        {
            errors.Invalid("spec.ingressClassName", spec.Text("ingressClassName"), classProblem);
        }
        var annotations = value.Child("metadata").Child("annotations");
        if (
            old is null
            && spec.Has("ingressClassName")
            && annotations.Has(OldClass)
            && annotations.Text(OldClass) != spec.Text("ingressClassName")
        )
        {
            errors.Invalid($"annotations.{OldClass}", annotations.Text(OldClass), "must match `ingressClassName` when both are specified");
        }
        if (old is not null)
        {
            Status(value.Child("status").Child("loadBalancer"), errors);
        }
    }

    private static string? SecretProblem(JsonObject tls) =>
        tls.Text("secretName").Length == 0 ? null : NameSyntax.SubdomainProblem(tls.Text("secretName"));

    private static void Status(JsonObject? balancer, FieldErrors errors)
    {
        foreach (var (ingress, at) in balancer.Indexed("ingress", "status.loadBalancer"))
        {
            if (ingress.Text("ip") is { Length: > 0 } ip && AddressSyntax.LegacyProblem(ip) is { } problem)
            {
                errors.Invalid($"{at}.ip", ip, problem);
            }
            if (ingress.Text("hostname") is not { Length: > 0 } host)
            {
                continue;
            }
            if (NameSyntax.SubdomainProblem(host) is { } hostProblem)
            {
                errors.Invalid($"{at}.hostname", host, hostProblem);
            }
            if (AddressSyntax.Parse(host) is not null)
            {
                errors.Invalid($"{at}.hostname", host, "must be a DNS name, not an IP address");
            }
        }
    }

    private static void Rule(JsonObject rule, string path, FieldErrors errors)
    {
        if (rule.Text("host") is { Length: > 0 } host)
        {
            if (AddressSyntax.Parse(host) is not null)
            {
                errors.Invalid($"{path}.host", host, "must be a DNS name, not an IP address");
            }
            HostName(host, $"{path}.host", errors);
        }
        if (rule.Child("http") is not { } http)
        {
            return;
        }
        if (http.List("paths") is not { Count: > 0 })
        {
            errors.Required($"{path}.http.paths");
        }
        foreach (var (route, at) in http.Indexed("paths", $"{path}.http"))
        {
            if (Path(route, at, errors))
            {
                Backend(route.Child("backend") ?? [], $"{at}.backend", errors);
            }
        }
    }

    private static void HostName(string host, string path, FieldErrors errors)
    {
        var problem = host.Contains('*', StringComparison.Ordinal) ? NameSyntax.WildcardProblem(host) : NameSyntax.SubdomainProblem(host);
        if (problem is not null)
        {
            errors.Invalid(path, host, problem);
        }
    }

    /// <summary>Checks a path; false when there is no use in checking more of its rule.</summary>
    private static bool Path(JsonObject path, string at, FieldErrors errors)
    {
        var text = path.Text("path");
        if (!path.Has("pathType"))
        {
            errors.Required($"{at}.pathType", "pathType must be specified");
            return false;
        }
        switch (path.Text("pathType"))
        {
            case "Exact" or "Prefix":
                if (!text.StartsWith('/'))
                {
                    errors.Invalid($"{at}.path", text, "must be an absolute path");
                }
                foreach (var bad in (ReadOnlySpan<string>)["//", "/./", "/../", "%2f", "%2F"])
                {
                    if (text.Contains(bad, StringComparison.Ordinal))
                    {
                        errors.Invalid($"{at}.path", text, $"must not contain '{bad}'");
                    }
                }
                foreach (var end in (ReadOnlySpan<string>)["/..", "/."])
                {
                    if (text.EndsWith(end, StringComparison.Ordinal))
                    {
                        errors.Invalid($"{at}.path", text, $"cannot end with '{end}'");
                    }
                }
                break;
            case "ImplementationSpecific":
                if (text.Length > 0 && !text.StartsWith('/'))
                {
                    errors.Invalid($"{at}.path", text, "must be an absolute path");
                }
                break;
            case var other:
                errors.NotSupported($"{at}.pathType", other, PathTypes);
                break;
        }
        return true;
    }

    private static void Backend(JsonObject backend, string path, FieldErrors errors)
    {
        var service = backend.Child("service");
        var resource = backend.Child("resource");
        if (service is not null && resource is not null)
        {
            errors.Invalid(path, "", "cannot set both resource and service backends");
            return;
        }
        if (resource is not null)
        {
            ObjectReferences.Local(resource, $"{path}.resource", errors);
            return;
        }
        if (service is null)
        {
            errors.Invalid(path, "", "resource or service backend is required");
            return;
        }
        if (service.Text("name").Length == 0)
        {
            errors.Required($"{path}.service.name");
        }
        else if (NameSyntax.ServiceNameProblem(service.Text("name")) is { } problem)
        {
            errors.Invalid($"{path}.service.name", service.Text("name"), problem);
        }
        var port = service.Child("port");
        var (name, number) = (port.Text("name"), port.Number("number") ?? 0);
        if (name.Length > 0 && number != 0)
        {
            errors.Invalid(path, "", "cannot set both port name & port number");
        }
        else if (name.Length > 0)
        {
            foreach (var nameProblem in NameSyntax.PortNameProblems(name))
            {
                errors.Invalid($"{path}.service.port.name", name, nameProblem);
            }
        }
        else if (number == 0)
        {
            errors.Required(path, "port name or number is required");
        }
        else if (NameSyntax.PortProblem(number) is { } portProblem)
        {
            errors.Invalid($"{path}.service.port.number", number, portProblem);
        }
    }
}
