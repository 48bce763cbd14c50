using System.Globalization;
using k8s.Models;
using Petrel.Client;

namespace Petrel.Controllers.Endpoints;

/// <summary>The ports at which a pod serves. Pods with other numbers for the same port names need slices of their own.</summary>
internal sealed record EndpointPorts(IReadOnlyList<Discoveryv1EndpointPort> Ports, string Key)
{
    /// <summary>A slice without ports.</summary>
    public static EndpointPorts None { get; } = Of([]);

    /// <summary>The ports of a slice. <see cref="Key"/> does not depend on their order.</summary>
    public static EndpointPorts Of(IEnumerable<Discoveryv1EndpointPort>? ports)
    {
        var all = (ports ?? []).ToList();
        return new(all, string.Join(';', all.Select(Text).Order(StringComparer.Ordinal)));
    }

    /// <summary>The Service's ports on this pod. A named port that the pod does not have is left out.</summary>
    public static EndpointPorts Resolve(V1Service service, V1Pod pod) =>
        Of(
            from port in service.Spec.Ports ?? []
            let number = Number(port, pod)
            where number is not null
            select new Discoveryv1EndpointPort
            {
                Name = port.Name ?? "",
                Port = number,
                Protocol = port.Protocol ?? "TCP",
                AppProtocol = port.AppProtocol,
            }
        );

    private static int? Number(V1ServicePort port, V1Pod pod)
    {
        var target = port.TargetPort?.Value;
        if (string.IsNullOrEmpty(target))
        {
            return port.Port;
        }
        if (int.TryParse(target, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number == 0 ? port.Port : number;
        }
        // Sidecars serve too: they are init containers that keep running.
        var serving = (pod.Spec.Containers ?? []).Concat((pod.Spec.InitContainers ?? []).Where(c => c.RestartPolicy == "Always"));
        return serving
            .SelectMany(c => c.Ports ?? [])
            .FirstOrDefault(p => p.Name == target && (p.Protocol ?? "TCP") == (port.Protocol ?? "TCP"))
            ?.ContainerPort;
    }

    private static string Text(Discoveryv1EndpointPort port) =>
        string.Create(CultureInfo.InvariantCulture, $"{port.Name}/{port.Protocol ?? "TCP"}/{port.Port}/{port.AppProtocol}");
}
