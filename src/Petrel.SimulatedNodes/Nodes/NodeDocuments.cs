using System.Text.Json.Nodes;
using k8s;
using Petrel.Agent.Nodes;
using Petrel.Model.Documents;

namespace Petrel.SimulatedNodes.Nodes;

/// <summary>Builds the API objects of a simulated node: the Node, its status, and its lease.</summary>
internal static class NodeDocuments
{
    /// <summary>The label of every simulated node. It selects simulated nodes and distinguishes them from other nodes.</summary>
    public const string SimulatedLabel = "petrel.dev/simulated";

    public const string LeaseNamespace = "kube-node-lease";

    public static JsonObject Node(SimulatedNodeState node, SimulatedNodesSettings simulated)
    {
        var settings = node.Settings;
        var labels = new JsonObject
        {
            ["kubernetes.io/hostname"] = settings.NodeName,
            ["kubernetes.io/os"] = "linux",
            ["kubernetes.io/arch"] = settings.Architecture,
            ["beta.kubernetes.io/os"] = "linux",
            ["beta.kubernetes.io/arch"] = settings.Architecture,
            ["node.kubernetes.io/instance-type"] = "simulated",
            [SimulatedLabel] = "true",
        };
        if (node.Zone.Length > 0)
        {
            labels["topology.kubernetes.io/region"] = "simulated";
            labels["topology.kubernetes.io/zone"] = node.Zone;
        }
        foreach (var (key, value) in simulated.Labels)
        {
            labels[key] = value;
        }
        var spec = new JsonObject { ["podCIDR"] = settings.PodCidr, ["podCIDRs"] = new JsonArray(settings.PodCidr) };
        if (simulated.Taints.Count > 0)
        {
            spec["taints"] = JsonNode.Parse(KubernetesJson.Serialize(simulated.Taints));
        }
        return new()
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Node",
            ["metadata"] = new JsonObject { ["name"] = settings.NodeName, ["labels"] = labels },
            ["spec"] = spec,
        };
    }

    public static JsonObject Status(SimulatedNodeState node, DateTimeOffset now)
    {
        var settings = node.Settings;
        JsonObject Condition(string type, string status, string reason, string message) =>
            new()
            {
                ["type"] = type,
                ["status"] = status,
                ["lastHeartbeatTime"] = now.ToTimestamp(),
                ["lastTransitionTime"] = node.ReadySince.ToTimestamp(),
                ["reason"] = reason,
                ["message"] = message,
            };
        JsonObject Resources() =>
            new()
            {
                ["cpu"] = settings.MilliCpu % 1000 == 0 ? $"{settings.MilliCpu / 1000}" : $"{settings.MilliCpu}m",
                ["memory"] = $"{settings.Memory / 1024}Ki",
                ["pods"] = $"{settings.MaxPods}",
                ["ephemeral-storage"] = $"{settings.EphemeralStorage / 1024}Ki",
            };
        return new()
        {
            ["capacity"] = Resources(),
            ["allocatable"] = Resources(),
            ["conditions"] = new JsonArray(
                Condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                Condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                Condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                Condition("Ready", "True", "KubeletReady", "kubelet is posting ready status")
            ),
            // No kubelet port, because a simulated node has no agent that could serve logs.
            ["addresses"] = new JsonArray(
                new JsonObject { ["type"] = "InternalIP", ["address"] = settings.NodeAddress },
                new JsonObject { ["type"] = "Hostname", ["address"] = settings.NodeName }
            ),
            ["nodeInfo"] = new JsonObject
            {
                ["machineID"] = settings.MachineId,
                ["systemUUID"] = settings.MachineId,
                ["bootID"] = settings.BootId,
                ["kernelVersion"] = settings.KernelVersion,
                ["osImage"] = settings.OsImage,
                ["containerRuntimeVersion"] = "simulated://1",
                ["kubeletVersion"] = NodeReporter.KubeletVersion,
                ["kubeProxyVersion"] = "",
                ["operatingSystem"] = "linux",
                ["architecture"] = settings.Architecture,
            },
        };
    }

    public static JsonObject Lease(SimulatedNodeState node, DateTimeOffset now) =>
        new()
        {
            ["apiVersion"] = "coordination.k8s.io/v1",
            ["kind"] = "Lease",
            ["metadata"] = new JsonObject
            {
                ["name"] = node.Name,
                ["namespace"] = LeaseNamespace,
                // The owner reference makes the garbage collector delete the lease with its node.
                ["ownerReferences"] = new JsonArray(
                    new JsonObject
                    {
                        ["apiVersion"] = "v1",
                        ["kind"] = "Node",
                        ["name"] = node.Name,
                        ["uid"] = node.Uid,
                    }
                ),
            },
            ["spec"] = new JsonObject
            {
                ["holderIdentity"] = node.Name,
                ["leaseDurationSeconds"] = (int)node.Settings.LeaseDuration.TotalSeconds,
                ["renewTime"] = now.ToMicroTimestamp(),
            },
        };

    public static string Renewal(SimulatedNodeState node, DateTimeOffset now) =>
        $$$"""{"metadata":{"ownerReferences":"""
        + $$$"""[{"apiVersion":"v1","kind":"Node","name":"{{{node.Name}}}","uid":"{{{node.Uid}}}"}]},"spec":"""
        + $$$"""{"renewTime":"{{{now.ToMicroTimestamp()}}}"}}""";
}
