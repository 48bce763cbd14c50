using k8s.Models;

namespace Petrel.Agent.EnvironmentVariables;

/// <summary>The environment variables for service discovery (upstream: envvars.FromServices).</summary>
public static class ServiceVariables
{
    /// <summary>
    /// Whether this is the Service of the API server. All pods get its variables, regardless of their namespace and spec.
    /// </summary>
    public static bool IsOfApi(V1Service service) => service.Metadata is { NamespaceProperty: "default", Name: "kubernetes" };

    /// <summary>Returns the variables of the given Services.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Of(IEnumerable<V1Service> services)
    {
        foreach (var service in services)
        {
            if (service.Spec.ClusterIP is null or "" or "None" || service.Spec.Ports is not { Count: > 0 } ports)
            {
                continue;
            }
            var prefix = Name(service.Metadata.Name);
            var address = service.Spec.ClusterIP;
            yield return new($"{prefix}_SERVICE_HOST", address);
            yield return new($"{prefix}_SERVICE_PORT", $"{ports[0].Port}");
            foreach (var port in ports.Where(p => !string.IsNullOrEmpty(p.Name)))
            {
                yield return new($"{prefix}_SERVICE_PORT_{Name(port.Name)}", $"{port.Port}");
            }
            for (var i = 0; i < ports.Count; i++)
            {
                var protocol = (ports[i].Protocol ?? "TCP").ToLowerInvariant();
                var url = $"{protocol}://{address}:{ports[i].Port}";
                if (i == 0)
                {
                    yield return new($"{prefix}_PORT", url);
                }
                var link = $"{prefix}_PORT_{ports[i].Port}_{protocol.ToUpperInvariant()}";
                yield return new(link, url);
                yield return new($"{link}_PROTO", protocol);
                yield return new($"{link}_PORT", $"{ports[i].Port}");
                yield return new($"{link}_ADDR", address);
            }
        }
    }

    private static string Name(string name) => name.ToUpperInvariant().Replace('-', '_');
}
