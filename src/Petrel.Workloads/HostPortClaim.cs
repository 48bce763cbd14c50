using k8s.Models;

namespace Petrel.Workloads;

/// <summary>A port of the node that a pod claims.</summary>
public readonly record struct HostPortClaim(string Address, string Protocol, int Port)
{
    private const string AnyAddress = "0.0.0.0";

    /// <summary>Whether one node cannot have both.</summary>
    public bool ConflictsWith(HostPortClaim other) =>
        Port == other.Port
        && Protocol == other.Protocol
        && (Address == other.Address || Address == AnyAddress || other.Address == AnyAddress);

    /// <summary>The ports that a pod claims: those of its containers and sidecars.</summary>
    public static HostPortClaim[] Of(V1PodSpec spec) =>
        [
            .. from container in (spec.Containers ?? []).Concat((spec.InitContainers ?? []).Where(c => c.IsSidecar()))
            from port in container.Ports ?? []
            // On the host's network every container port is a host port.
            let number = port.HostPort is > 0 ? port.HostPort.Value
            : spec.HostNetwork == true ? port.ContainerPort
            : 0
            where number > 0
            select new HostPortClaim(
                port.HostIP is { Length: > 0 } address ? address : AnyAddress,
                port.Protocol is { Length: > 0 } protocol ? protocol : "TCP",
                number
            ),
        ];
}
