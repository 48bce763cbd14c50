using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;
using Petrel.Model.Selectors;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 Endpoints: the predecessor of EndpointSlices, which some clients still read.</summary>
internal static class EndpointsKind
{
    private const int ShownItems = 3;

    private static readonly string[] Protocols = ["SCTP", "TCP", "UDP"];

    public static KindDefinition Definition { get; } =
        KindDefinition.Create("", "v1", "Endpoints", "endpoints", namespaced: true) with
        {
            IsCreatedByUpdate = true,
            ShortNames = ["ep"],
            Deprecation = "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
            Default = static value =>
            {
                foreach (var port in value.Objects("subsets").SelectMany(s => s.Objects("ports")))
                {
                    port.Fill("protocol", "TCP");
                }
            },
            Validate = Validate,
            Columns = [Name, Shown("Endpoints", "The addresses and ports.", Addresses), Age],
        };

    private static string Addresses(JsonElement value)
    {
        var all = new List<string>();
        foreach (var subset in value.Items("subsets"))
        {
            var ports = subset.Items("ports").ToArray();
            foreach (var address in subset.Items("addresses"))
            {
                var ip = address.Text("ip");
                all.AddRange(
                    ports.Length == 0
                        ? [ip]
                        : ports.Select(p =>
                            ip.Contains(':', StringComparison.Ordinal) ? $"[{ip}]:{p.Number("port")}" : $"{ip}:{p.Number("port")}"
                        )
                );
            }
        }
        var rest = all.Count - ShownItems;
        return all.Count == 0 ? None : string.Join(',', all.Take(ShownItems)) + (rest > 0 ? $" + {rest} more..." : "");
    }

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        foreach (var (subset, dotted) in value.Indexed("subsets", ""))
        {
            var path = dotted[1..];
            if (subset.List("addresses") is not { Count: > 0 } && subset.List("notReadyAddresses") is not { Count: > 0 })
            {
                errors.Required(path, "must specify `addresses` or `notReadyAddresses`");
            }
            foreach (var (address, at) in subset.Indexed("addresses", path).Concat(subset.Indexed("notReadyAddresses", path)))
            {
                Address(address, at, errors);
            }
            var needsNames = subset.List("ports") is { Count: > 1 };
            foreach (var (port, at) in subset.Indexed("ports", path))
            {
                Port(port, needsNames, at, errors);
            }
        }
    }

    private static void Address(JsonObject address, string path, FieldErrors errors)
    {
        var ip = address.Text("ip");
        if (AddressSyntax.LegacyProblem(ip) is { } problem)
        {
            errors.Invalid($"{path}.ip", ip, problem);
        }
        if (address.Text("hostname") is { Length: > 0 } host && NameSyntax.LabelProblem(host) is { } hostProblem)
        {
            errors.Invalid($"{path}.hostname", host, hostProblem);
        }
        if (address.Has("nodeName") && NameSyntax.SubdomainProblem(address.Text("nodeName")) is { } nodeProblem)
        {
            errors.Invalid($"{path}.nodeName", address.Text("nodeName"), nodeProblem);
        }
        foreach (var special in AddressSyntax.SpecialProblems(ip))
        {
            errors.Invalid($"{path}.ip", ip, special);
        }
    }

    private static void Port(JsonObject port, bool needsName, string path, FieldErrors errors)
    {
        var name = port.Text("name");
        if (name.Length == 0)
        {
            if (needsName)
            {
                errors.Required($"{path}.name");
            }
        }
        else if (NameSyntax.LabelProblem(name) is { } nameProblem)
        {
            errors.Invalid($"{path}.name", name, nameProblem);
        }
        var number = port.Number("port") ?? 0;
        if (NameSyntax.PortProblem(number) is { } problem)
        {
            errors.Invalid($"{path}.port", number, problem);
        }
        if (!Protocols.Contains(port.Text("protocol")))
        {
            errors.NotSupported($"{path}.protocol", port.Text("protocol"), Protocols);
        }
        if (port.Has("appProtocol") && LabelSyntax.KeyProblem(port.Text("appProtocol")) is { } protocolProblem)
        {
            errors.Invalid($"{path}.appProtocol", port.Text("appProtocol"), protocolProblem);
        }
    }
}
