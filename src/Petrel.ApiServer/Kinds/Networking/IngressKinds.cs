using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Networking;

/// <summary>networking.k8s.io/v1 Ingress and IngressClass.</summary>
internal static class IngressKinds
{
    private const string Group = "networking.k8s.io";
    private const string OldClass = "kubernetes.io/ingress.class";

    private static readonly string[] PathTypes = ["Exact", "ImplementationSpecific", "Prefix"];

    public static KindDefinition Ingress { get; } = BuiltInKinds.Row(Group, "v1", "Ingress", "ingresses", namespaced: true) with
    {
        ShortNames = ["ing"],
        HasStatus = true,
        HasGeneration = true,
        PrepareForCreate = static (value, _) => value["status"] = new JsonObject { ["loadBalancer"] = new JsonObject() },
        Validate = ValidateIngress,
        Columns =
        [
            Name,
            Shown("Class", "Which controller serves it.", static o => ClassOf(o) is { Length: > 0 } name ? name : None),
            Shown("Hosts", "The hosts that it serves.", Hosts),
            Shown("Address", "Where it is served.", static o => string.Join(',', o.Items("status", "loadBalancer", "ingress")
                .Select(i => i.Text("ip") is { Length: > 0 } ip ? ip : i.Text("hostname")).Where(a => a.Length > 0))),
            Shown("Ports", "The ports that it is served on.", static o => o.Count("spec", "tls") > 0 ? "80, 443" : "80"),
            Age,
        ],
    };

    public static KindDefinition IngressClass { get; } = BuiltInKinds.Row(Group, "v1", "IngressClass", "ingressclasses", namespaced: false) with
    {
        HasGeneration = true,
        Default = static value =>
        {
            if (value.Child("spec").Child("parameters") is { } parameters)
            {
                parameters.Fill("scope", "Cluster");
            }
        },
        Validate = ValidateClass,
        Columns =
        [
            Name,
            Shown("Controller", "What serves the class.", static o => o.Text("spec", "controller")),
            Shown("Parameters", "Where its settings are.", static o => o.Has("spec", "parameters")
                ? (o.Text("spec", "parameters", "apiGroup") is { Length: > 0 } group ? $"{o.Text("spec", "parameters", "kind")}.{group}" : o.Text("spec", "parameters", "kind"))
                    + $"/{o.Text("spec", "parameters", "name")}"
                : None),
            Age,
        ],
    };

    private static string ClassOf(JsonElement value) =>
        value.Text("spec", "ingressClassName") is { Length: > 0 } name ? name
        : value.At("metadata", "annotations", OldClass) is { ValueKind: JsonValueKind.String } old ? old.GetString()! : "";

    private static string Hosts(JsonElement value)
    {
        var hosts = value.Items("spec", "rules").Select(r => r.Text("host") is { Length: > 0 } host ? host : "*").ToArray();
        return hosts.Length == 0 ? "*" : string.Join(',', hosts.Take(3)) + (hosts.Length > 3 ? $" + {hosts.Length - 3} more..." : "");
    }

    private static void ValidateIngress(JsonObject value, JsonObject? old, FieldErrors errors)
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
            Host(rule.Text("host"), $"{at}.host", errors);
            if (rule.Child("http") is not { } http)
            {
                continue;
            }
            if (http.List("paths") is not { Count: > 0 })
            {
                errors.Required($"{at}.http.paths");
            }
            foreach (var (path, pathAt) in http.Indexed("paths", $"{at}.http"))
            {
                Path(path, pathAt, errors);
                Backend(path.Child("backend") ?? [], $"{pathAt}.backend", errors);
            }
        }
        foreach (var (tls, at) in spec.Indexed("tls", "spec"))
        {
            var hosts = tls.Texts("hosts").ToList();
            for (var i = 0; i < hosts.Count; i++)
            {
                Host(hosts[i], $"{at}.hosts[{i}]", errors);
            }
            if (tls.Text("secretName") is { Length: > 0 } secret && NameSyntax.SubdomainProblem(secret) is { } problem)
            {
                errors.Invalid($"{at}.secretName", secret, problem);
            }
        }
        if (spec.Text("ingressClassName") is { Length: > 0 } name && NameSyntax.SubdomainProblem(name) is { } classProblem)
        {
            errors.Invalid("spec.ingressClassName", name, classProblem);
        }
        if (old is null && spec.Has("ingressClassName") && value.Child("metadata").Child("annotations").Text(OldClass) is { Length: > 0 } annotation && annotation != spec.Text("ingressClassName"))
        {
            errors.Invalid($"metadata.annotations[{OldClass}]", annotation, "can not be set when the class field is also set");
        }
    }

    private static void Host(string host, string path, FieldErrors errors)
    {
        if (host.Length == 0)
        {
            return;
        }
        if (System.Net.IPAddress.TryParse(host, out _))
        {
            errors.Invalid(path, host, "must be a DNS name, not an IP address");
        }
        else if (NameSyntax.SubdomainProblem(host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host) is { } problem)
        {
            errors.Invalid(path, host, problem);
        }
    }

    private static void Path(JsonObject path, string at, FieldErrors errors)
    {
        var text = path.Text("path");
        var type = path.Text("pathType");
        switch (type)
        {
            case "":
                errors.Required($"{at}.pathType", "pathType must be specified");
                break;
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
            default:
                errors.NotSupported($"{at}.pathType", type, PathTypes);
                break;
        }
    }

    private static void Backend(JsonObject backend, string path, FieldErrors errors)
    {
        var service = backend.Child("service");
        if (backend.Has("resource") == (service is not null))
        {
            if (service is not null)
            {
                errors.Invalid(path, "", "cannot set both resource and service backends");
            }
            else
            {
                errors.Required(path, "must specify either a service or a resource backend");
            }
            return;
        }
        if (service is null)
        {
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
            errors.Invalid($"{path}.service.port", port, "cannot set both port name & port number");
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
            errors.Required($"{path}.service.port", "port name or number is required");
        }
        else if (NameSyntax.PortProblem(number) is { } portProblem)
        {
            errors.Invalid($"{path}.service.port.number", number, portProblem);
        }
    }

    private static void ValidateClass(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var controller = value.Child("spec").Text("controller");
        if (old is not null && controller != old.Child("spec").Text("controller"))
        {
            errors.Invalid("spec.controller", controller, "field is immutable");
        }
        if (controller.Length == 0)
        {
            errors.Required("spec.controller");
        }
        else if (controller.Length > 250)
        {
            errors.TooLong("spec.controller", 250);
        }
        else if (controller.Split('/') is not [var domain, { Length: > 0 }, ..] || NameSyntax.SubdomainProblem(domain) is not null)
        {
            errors.Invalid("spec.controller", controller, "must be a domain-prefixed path (such as \"acme.io/foo\")");
        }
        if (value.Child("spec").Child("parameters") is not { } parameters)
        {
            return;
        }
        foreach (var name in (ReadOnlySpan<string>)["kind", "name"])
        {
            if (parameters.Text(name).Length == 0)
            {
                errors.Required($"spec.parameters.{name}", $"{name} is required");
            }
        }
        switch (parameters.Text("scope"))
        {
            case "Cluster" when parameters.Has("namespace"):
                errors.Forbidden("spec.parameters.namespace", "`parameters.scope` is set to 'Cluster'");
                break;
            case "Namespace" when parameters.Text("namespace").Length == 0:
                errors.Required("spec.parameters.namespace", "`parameters.scope` is set to 'Namespace'");
                break;
            case "Cluster" or "Namespace":
                break;
            case var other:
                errors.NotSupported("spec.parameters.scope", other, "Cluster", "Namespace");
                break;
        }
    }
}
