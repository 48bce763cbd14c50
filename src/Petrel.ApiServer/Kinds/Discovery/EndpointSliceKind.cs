using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Discovery;

/// <summary>discovery.k8s.io/v1 EndpointSlice: the addresses behind a Service.</summary>
internal static class EndpointSliceKind
{
    private const int MaxEndpoints = 1000;
    private const int MaxPorts = 20000;
    private const int MaxAddresses = 100;
    private const int ShownItems = 3;

    private static readonly string[] AddressTypes = ["FQDN", "IPv4", "IPv6"];
    private static readonly string[] Protocols = ["SCTP", "TCP", "UDP"];

    public static KindDefinition Definition { get; } =
        KindDefinition.Create("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", namespaced: true) with
        {
            HasGeneration = true,
            Default = static slice =>
            {
                foreach (var port in slice.Objects("ports"))
                {
                    if (!port.Has("name"))
                    {
                        port["name"] = "";
                    }
                    port.Fill("protocol", "TCP");
                }
            },
            Validate = Validate,
            Columns =
            [
                Name,
                Shown("AddressType", "What its addresses are.", static o => o.Text("addressType")),
                Shown("Ports", "The ports of each endpoint.", static o => Several(o.Items("ports").Select(Port))),
                Shown("Endpoints", "The endpoints' addresses.", static o =>
                    Several(o.Items("endpoints").SelectMany(e => e.Items("addresses")).Select(a => a.GetString() ?? ""))
                ),
                Age,
            ],
        };

    private static string Port(JsonElement port) =>
        port.Has("port") ? $"{port.Number("port")}"
        : port.Text("name") is { Length: > 0 } name ? name
        : "*";

    private static string Several(IEnumerable<string> items)
    {
        var all = items.ToArray();
        var rest = all.Length - ShownItems;
        return all.Length == 0 ? "<unset>" : string.Join(',', all.Take(ShownItems)) + (rest > 0 ? $" + {rest} more..." : "");
    }

    private static void Validate(JsonObject slice, JsonObject? old, FieldErrors errors)
    {
        var type = slice.Text("addressType");
        if (type.Length == 0)
        {
            errors.Required("addressType");
        }
        else if (!AddressTypes.Contains(type))
        {
            errors.NotSupported("addressType", type, AddressTypes);
        }
        if (old is not null && type != old.Text("addressType"))
        {
            errors.Invalid("addressType", type, "field is immutable");
        }
        Endpoints(slice, type, errors);
        Ports(slice, errors);
    }

    private static void Endpoints(JsonObject slice, string type, FieldErrors errors)
    {
        var count = slice.List("endpoints")?.Count ?? 0;
        if (count > MaxEndpoints)
        {
            errors.TooMany("endpoints", count, MaxEndpoints);
            return;
        }
        foreach (var (endpoint, at) in slice.Indexed("endpoints", ""))
        {
            var path = at[1..];
            var addresses = endpoint.Texts("addresses").ToArray();
            if (addresses.Length == 0)
            {
                errors.Required($"{path}.addresses", "must contain at least 1 address");
            }
            else if (addresses.Length > MaxAddresses)
            {
                errors.TooMany($"{path}.addresses", addresses.Length, MaxAddresses);
            }
            for (var i = 0; i < addresses.Length; i++)
            {
                if (AddressProblem(addresses[i], type) is { } problem)
                {
                    errors.Invalid($"{path}.addresses[{i}]", addresses[i], problem);
                }
            }
            if (endpoint.Text("nodeName") is { Length: > 0 } node && NameSyntax.SubdomainProblem(node) is { } nodeProblem)
            {
                errors.Invalid($"{path}.nodeName", node, nodeProblem);
            }
            if (endpoint.Text("hostname") is { Length: > 0 } host && NameSyntax.LabelProblem(host) is { } hostProblem)
            {
                errors.Invalid($"{path}.hostname", host, hostProblem);
            }
        }
    }

    private static void Ports(JsonObject slice, FieldErrors errors)
    {
        var count = slice.List("ports")?.Count ?? 0;
        if (count > MaxPorts)
        {
            errors.TooMany("ports", count, MaxPorts);
            return;
        }
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (port, at) in slice.Indexed("ports", ""))
        {
            var path = at[1..];
            var name = port.Text("name");
            if (name.Length > 0 && NameSyntax.LabelProblem(name) is { } problem)
            {
                errors.Invalid($"{path}.name", name, problem);
            }
            if (!names.Add(name))
            {
                errors.Duplicate($"{path}.name", name);
            }
            if (!Protocols.Contains(port.Text("protocol")))
            {
                errors.NotSupported($"{path}.protocol", port.Text("protocol"), Protocols);
            }
        }
    }

    private static string? AddressProblem(string address, string type) =>
        type switch
        {
            "IPv4" when !IsAddress(address, AddressFamily.InterNetwork) => "must be a valid IPv4 address",
            "IPv6" when !IsAddress(address, AddressFamily.InterNetworkV6) => "must be a valid IPv6 address",
            "FQDN" => NameSyntax.SubdomainProblem(address),
            _ => null,
        };

    private static bool IsAddress(string text, AddressFamily family) =>
        IPAddress.TryParse(text, out var address)
        && address.AddressFamily == family
        && (family != AddressFamily.InterNetwork || text.Count(c => c == '.') == 3);
}
