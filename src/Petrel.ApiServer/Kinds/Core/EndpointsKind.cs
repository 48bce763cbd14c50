using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 Endpoints: what EndpointSlices came from; some clients still read them.</summary>
internal static class EndpointsKind
{
    private const int ShownItems = 3;

    private static readonly string[] Protocols = ["SCTP", "TCP", "UDP"];

    public static KindDefinition Definition { get; } = BuiltInKinds.Row("", "v1", "Endpoints", "endpoints", namespaced: true) with
    {
        ShortNames = ["ep"],
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
                all.AddRange(ports.Length == 0 ? [ip] : ports.Select(p => ip.Contains(':', StringComparison.Ordinal) ? $"[{ip}]:{p.Number("port")}" : $"{ip}:{p.Number("port")}"));
            }
        }
        var rest = all.Count - ShownItems;
        return all.Count == 0 ? None : string.Join(',', all.Take(ShownItems)) + (rest > 0 ? $" + {rest} more..." : "");
    }

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        foreach (var (subset, at) in value.Indexed("subsets", ""))
        {
            var path = at[1..];
            if (subset.List("addresses") is not { Count: > 0 } && subset.List("notReadyAddresses") is not { Count: > 0 })
            {
                errors.Required(path, "must specify `addresses` or `notReadyAddresses`");
            }
            foreach (var (address, addressAt) in subset.Indexed("addresses", path).Concat(subset.Indexed("notReadyAddresses", path)))
            {
                if (!IPAddress.TryParse(address.Text("ip"), out var ip))
                {
                    errors.Invalid($"{addressAt}.ip", address.Text("ip"), "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
                }
                else if (IPAddress.IsLoopback(ip))
                {
                    errors.Invalid($"{addressAt}.ip", address.Text("ip"), "may not be in the loopback range (127.0.0.0/8, ::1/128)");
                }
            }
            foreach (var (port, portAt) in subset.Indexed("ports", path))
            {
                if (NameSyntax.PortProblem(port.Number("port") ?? 0) is { } problem)
                {
                    errors.Invalid($"{portAt}.port", port.Number("port") ?? 0, problem);
                }
                if (!Protocols.Contains(port.Text("protocol")))
                {
                    errors.NotSupported($"{portAt}.protocol", port.Text("protocol"), Protocols);
                }
                if (port.Text("name").Length == 0 && (subset.List("ports")?.Count ?? 0) > 1)
                {
                    errors.Required($"{portAt}.name");
                }
            }
        }
    }
}
