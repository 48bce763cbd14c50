using System.Text.Json;
using k8s;
using k8s.Models;
using Petrel.Model;
using Petrel.Model.Timing;

namespace Petrel.SimulatedNodes.Pods;

/// <summary>The observed state of a pod, reduced to what the simulator needs, because there may be tens of thousands of pods.</summary>
internal sealed record PodSnapshot
{
    public required ObjectKey Key { get; init; }
    public required string Uid { get; init; }
    public required ulong Revision { get; init; }
    public required string Node { get; init; }

    /// <summary>The pod with only the fields that the simulator needs to build its status.</summary>
    public required V1Pod Pod { get; init; }

    /// <summary>The annotations that override the simulator's settings.</summary>
    public required PodOverrides Overrides { get; init; }

    /// <summary>Whether the pod's condition Ready is true in the API.</summary>
    public bool SaysReady { get; init; }

    /// <summary>Whether the conditions of all the pod's readiness gates are true.</summary>
    public bool GatesAreOpen { get; init; }

    /// <summary>The deletion grace period of a terminating pod; null while the pod is not deleted.</summary>
    public TimeSpan? EndsWithin { get; init; }

    public TimeSpan? Deadline { get; init; }

    public string Phase => Pod.Status.Phase ?? "Pending";

    public bool HasEnded => Phase is "Succeeded" or "Failed";

    /// <summary>Reads only the name of the node that a pod is bound to.</summary>
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
                ? LongDurations.FromSeconds(metadata.TryGetProperty("deletionGracePeriodSeconds", out var grace) ? grace.GetInt64() : 0)
                : null,
            Deadline = spec.TryGetProperty("activeDeadlineSeconds", out var deadline)
                ? LongDurations.FromSeconds(deadline.GetInt64())
                : null,
        };
    }

    /// <summary>A copy without the fields that only the first sync needs.</summary>
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
