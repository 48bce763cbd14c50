using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Pods;

/// <summary>Upstream's rules for probes and lifecycle handlers.</summary>
internal static class ProbeValidation
{
    private static readonly string[] Handlers = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"];
    private static readonly string[] Numbers =
    [
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ];

    public static void Probes(JsonObject container, string path, FieldErrors errors)
    {
        foreach (var name in new[] { "livenessProbe", "readinessProbe", "startupProbe" })
        {
            if (container.Child(name) is { } probe)
            {
                Probe(probe, name, $"{path}.{name}", errors);
            }
        }
    }

    /// <summary>What a probe or a lifecycle hook does: exactly one thing.</summary>
    public static void Handler(JsonObject handler, string path, FieldErrors errors)
    {
        var given = Handlers.Where(handler.Has).ToArray();
        if (given.Length == 0)
        {
            errors.Required(path, "must specify a handler type");
            return;
        }
        foreach (var extra in given.Skip(1))
        {
            errors.Forbidden($"{path}.{extra}", "may not specify more than 1 handler type");
        }
        var action = handler.Child(given[0]) ?? [];
        var at = $"{path}.{given[0]}";
        switch (given[0])
        {
            case "exec":
                if ((action.List("command")?.Count ?? 0) == 0)
                {
                    errors.Required($"{at}.command");
                }
                break;
            case "httpGet":
                HttpGet(action, at, errors);
                break;
            case "tcpSocket" or "grpc":
                Port(action["port"], $"{at}.port", errors);
                break;
        }
    }

    /// <summary>A port by number or by name.</summary>
    public static void Port(JsonNode? port, string path, FieldErrors errors)
    {
        if (NodeFields.AsText(port) is { } name)
        {
            foreach (var problem in NameSyntax.PortNameProblems(name))
            {
                errors.Invalid(path, name, problem);
            }
            return;
        }
        var number = NodeFields.AsNumber(port) ?? 0;
        if (NameSyntax.PortProblem(number) is { } numberProblem)
        {
            errors.Invalid(path, number, numberProblem);
        }
    }

    private static void Probe(JsonObject probe, string name, string path, FieldErrors errors)
    {
        Handler(probe, path, errors);
        foreach (var number in Numbers)
        {
            Quantities.NotNegative(probe.Number(number), $"{path}.{number}", errors);
        }
        if (probe.Number("terminationGracePeriodSeconds") is { } grace)
        {
            if (name == "readinessProbe")
            {
                errors.Invalid($"{path}.terminationGracePeriodSeconds", grace, "must not be set for readinessProbes");
            }
            else if (grace <= 0)
            {
                errors.Invalid($"{path}.terminationGracePeriodSeconds", grace, "must be greater than 0");
            }
        }
        if (name != "readinessProbe" && probe.Number("successThreshold") is not (null or 1) and var threshold)
        {
            errors.Invalid($"{path}.successThreshold", threshold, "must be 1");
        }
    }

    private static void HttpGet(JsonObject action, string path, FieldErrors errors)
    {
        if (action.Text("path").Length == 0)
        {
            errors.Required($"{path}.path");
        }
        Port(action["port"], $"{path}.port", errors);
        if (action.Text("scheme") is not ("HTTP" or "HTTPS"))
        {
            errors.NotSupported($"{path}.scheme", action.Text("scheme"), "HTTP", "HTTPS");
        }
        foreach (var (header, at) in action.Indexed("httpHeaders", path))
        {
            var name = header.Text("name");
            if (name.Length == 0 || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-'))
            {
                errors.Invalid(
                    $"{at}.name",
                    name,
                    "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for "
                        + "validation is '[-A-Za-z0-9]+')"
                );
            }
        }
    }
}
