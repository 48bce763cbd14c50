using System.Text.Json;
using k8s;
using k8s.Models;
using Petrel.Model;

namespace Petrel.SimulatedNodes.Pods;

/// <summary>What the simulator needs to know of a pod, as the API last told it: a small part, as there may be tens of thousands.</summary>
internal sealed record PodSnapshot
{
    public required ObjectKey Key { get; init; }
    public required string Uid { get; init; }
    public required ulong Revision { get; init; }
    public required string Node { get; init; }

    /// <summary>The pod with only those fields that its status is made from.</summary>
    public required V1Pod Pod { get; init; }

    /// <summary>What annotations say against the simulator's settings.</summary>
    public required PodOverrides Overrides { get; init; }

    /// <summary>Whether the API says that the pod is ready.</summary>
    public bool SaysReady { get; init; }

    /// <summary>Whether everything is true that others must say of the pod before it is ready (its readiness gates).</summary>
    public bool GatesAreOpen { get; init; }

    /// <summary>What the pod was told to take at most for its end; null while it is to run.</summary>
    public TimeSpan? EndsWithin { get; init; }

    public TimeSpan? Deadline { get; init; }

    public string Phase => Pod.Status.Phase ?? "Pending";

    public bool HasEnded => Phase is "Succeeded" or "Failed";

    /// <summary>The node that a pod is bound to, without reading the rest.</summary>
    public static string NodeOf(JsonElement pod) => Text(pod.GetProperty("spec"), "nodeName");

    public static PodSnapshot Read(JsonElement pod)
    {
        var metadata = pod.GetProperty("metadata");
        var spec = pod.GetProperty("spec");
        var status = pod.TryGetProperty("status", out var found) ? found : default;
        var slim = new V1Pod
        {
            Metadata = new() { Generation = metadata.TryGetProperty("generation", out var generation) ? generation.GetInt64() : null },
            Spec = new()
            {
                RestartPolicy = Text(spec, "restartPolicy") is { Length: > 0 } policy ? policy : "Always",
                HostNetwork = spec.TryGetProperty("hostNetwork", out var host) && host.ValueKind == JsonValueKind.True,
                Containers = Containers(spec, "containers"),
                InitContainers = Containers(spec, "initContainers"),
                ReadinessGates = List<V1PodReadinessGate>(spec, "readinessGates"),
            },
            Status = new()
            {
                Phase = Text(status, "phase"),
                Reason = Text(status, "reason"),
                PodIP = Text(status, "podIP"),
                StartTime = Text(status, "startTime") is { Length: > 0 } start
                    ? DateTime.Parse(start, null, System.Globalization.DateTimeStyles.AdjustToUniversal)
                    : null,
                Conditions = List<V1PodCondition>(status, "conditions"),
                ContainerStatuses = List<V1ContainerStatus>(status, "containerStatuses"),
                InitContainerStatuses = List<V1ContainerStatus>(status, "initContainerStatuses"),
            },
        };
        var conditions = slim.Status.Conditions ?? [];
        return new()
        {
            Key = new(Text(metadata, "namespace"), Text(metadata, "name")),
            Uid = Text(metadata, "uid"),
            Revision = ulong.Parse(Text(metadata, "resourceVersion")),
            Node = Text(spec, "nodeName"),
            Pod = slim,
            Overrides = metadata.TryGetProperty("annotations", out var annotations) ? PodOverrides.Read(annotations) : PodOverrides.None,
            SaysReady = conditions.Any(c => c is { Type: "Ready", Status: "True" }),
            GatesAreOpen = (slim.Spec.ReadinessGates ?? []).All(g => conditions.Any(c => c.Type == g.ConditionType && c.Status == "True")),
            EndsWithin = metadata.TryGetProperty("deletionTimestamp", out _)
                ? TimeSpan.FromSeconds(metadata.TryGetProperty("deletionGracePeriodSeconds", out var grace) ? grace.GetInt64() : 0)
                : null,
            Deadline = spec.TryGetProperty("activeDeadlineSeconds", out var deadline) ? TimeSpan.FromSeconds(deadline.GetInt64()) : null,
        };
    }

    /// <summary>The same without what only the first look needs.</summary>
    public PodSnapshot WithoutHistory()
    {
        Pod.Status.ContainerStatuses = null;
        Pod.Status.InitContainerStatuses = null;
        return this;
    }

    private static List<V1Container>? Containers(JsonElement spec, string name)
    {
        if (!spec.TryGetProperty(name, out var list) || list.GetArrayLength() == 0)
        {
            return null;
        }
        var containers = new List<V1Container>(list.GetArrayLength());
        foreach (var container in list.EnumerateArray())
        {
            var policy = Text(container, "restartPolicy");
            containers.Add(
                new()
                {
                    Name = Text(container, "name"),
                    Image = Text(container, "image"),
                    RestartPolicy = policy.Length > 0 ? policy : null,
                }
            );
        }
        return containers;
    }

    private static IList<T>? List<T>(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object
        && parent.TryGetProperty(name, out var list)
        && list.ValueKind == JsonValueKind.Array
        && list.GetArrayLength() > 0
            ? KubernetesJson.Deserialize<List<T>>(list.GetRawText())
            : null;

    private static string Text(JsonElement parent, string name) =>
        parent.ValueKind == JsonValueKind.Object && parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()!
            : "";
}
