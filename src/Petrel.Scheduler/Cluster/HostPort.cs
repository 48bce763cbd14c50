using k8s.Models;

namespace Petrel.Scheduler.Cluster;

/// <summary>A port of the node itself that a pod claims.</summary>
internal readonly record struct HostPort(string Address, string Protocol, int Port)
{
    private const string AnyAddress = "0.0.0.0";

    /// <summary>Whether both can't be claimed on one node.</summary>
    public bool ConflictsWith(HostPort other) =>
        Port == other.Port
        && Protocol == other.Protocol
        && (Address == other.Address || Address == AnyAddress || other.Address == AnyAddress);

    public static HostPort[] Of(V1PodSpec spec) =>
        [
            .. from container in (spec.Containers ?? []).Concat((spec.InitContainers ?? []).Where(c => c.RestartPolicy == "Always"))
            from port in container.Ports ?? []
            // On the host's network every container port is one of the host.
            let number = port.HostPort is > 0 ? port.HostPort.Value
            : spec.HostNetwork == true ? port.ContainerPort
            : 0
            where number > 0
            select new HostPort(
                port.HostIP is { Length: > 0 } address ? address : AnyAddress,
                port.Protocol is { Length: > 0 } protocol ? protocol : "TCP",
                number
            ),
        ];
}
