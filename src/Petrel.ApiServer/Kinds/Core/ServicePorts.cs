using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>Upstream's rules for the ports of a Service: each by itself, and all together.</summary>
internal static class ServicePorts
{
    private static readonly string[] Protocols = ["SCTP", "TCP", "UDP"];

    public static void Each(JsonObject spec, FieldErrors errors)
    {
        var many = (spec.List("ports")?.Count ?? 0) > 1;
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (port, at) in spec.Indexed("ports", "spec"))
        {
            Name(port.Text("name"), many, names, $"{at}.name", errors);
            var number = port.Number("port") ?? 0;
            if (NameSyntax.PortProblem(number) is { } problem)
            {
                errors.Invalid($"{at}.port", number, problem);
            }
            var protocol = port.Text("protocol");
            if (!Protocols.Contains(protocol))
            {
                errors.NotSupported($"{at}.protocol", protocol, Protocols);
            }
            ProbeValidation.Port(port["targetPort"], $"{at}.targetPort", errors);
            if (port.Has("appProtocol") && LabelSyntax.KeyProblem(port.Text("appProtocol")) is { } protocolProblem)
            {
                errors.Invalid($"{at}.appProtocol", port.Text("appProtocol"), protocolProblem);
            }
        }
    }

    public static void Together(JsonObject spec, string type, FieldErrors errors)
    {
        foreach (var (port, at) in spec.Indexed("ports", "spec"))
        {
            if (type == "ClusterIP" && port.Number("nodePort") is not (null or 0))
            {
                errors.Forbidden($"{at}.nodePort", "may not be used when `type` is 'ClusterIP'");
            }
        }
        var taken = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (port, at) in spec.Indexed("ports", "spec"))
        {
            if (port.Number("nodePort") is not (null or 0) and var number && !taken.Add($"{port.Text("protocol")}/{number}"))
            {
                errors.Duplicate($"{at}.nodePort", number);
            }
        }
        taken.Clear();
        foreach (var (port, at) in spec.Indexed("ports", "spec"))
        {
            if (!taken.Add($"{port.Text("protocol")}/{port.Number("port")}"))
            {
                errors.Duplicate(at, Shown(port));
            }
        }
    }

    private static void Name(string name, bool isNeeded, HashSet<string> names, string path, FieldErrors errors)
    {
        if (name.Length == 0)
        {
            if (isNeeded)
            {
                errors.Required(path);
            }
            return;
        }
        if (NameSyntax.LabelProblem(name) is { } problem)
        {
            errors.Invalid(path, name, problem);
        }
        if (!names.Add(name))
        {
            errors.Duplicate(path, name);
        }
    }

    // A duplicate port as upstream prints it: in Go's field names, with unset fields.
    private static JsonObject Shown(JsonObject port) =>
        new()
        {
            ["Name"] = "",
            ["Protocol"] = port.Text("protocol"),
            ["AppProtocol"] = null,
            ["Port"] = port.Number("port") ?? 0,
            ["TargetPort"] = 0,
            ["NodePort"] = 0,
        };
}
