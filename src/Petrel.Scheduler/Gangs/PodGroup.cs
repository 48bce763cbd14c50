using System.Text.Json.Serialization;
using k8s;
using k8s.Models;

namespace Petrel.Scheduler.Gangs;

/// <summary>scheduling.petrel.dev/v1 PodGroup, as the scheduler reads it.</summary>
[KubernetesEntity(Group = KubeGroup, Kind = KubeKind, ApiVersion = KubeApiVersion, PluralName = KubePluralName)]
public sealed class PodGroup : IKubernetesObject<V1ObjectMeta>, ISpec<PodGroupSpec>, IStatus<PodGroupStatus>
{
    public const string KubeGroup = "scheduling.petrel.dev";
    public const string KubeApiVersion = "v1";
    public const string KubeKind = "PodGroup";
    public const string KubePluralName = "podgroups";

    /// <summary>The label by which pods join a group of their namespace.</summary>
    public const string MemberLabel = "scheduling.petrel.dev/pod-group";

    [JsonPropertyName("apiVersion")]
    public string ApiVersion { get; set; } = $"{KubeGroup}/{KubeApiVersion}";

    [JsonPropertyName("kind")]
    public string Kind { get; set; } = KubeKind;

    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();

    [JsonPropertyName("spec")]
    public PodGroupSpec Spec { get; set; } = new();

    [JsonPropertyName("status")]
    public PodGroupStatus Status { get; set; } = new();
}

/// <summary>The desired state of a group.</summary>
public sealed class PodGroupSpec
{
    /// <summary>How many pods must have a place for any to be bound.</summary>
    [JsonPropertyName("minMember")]
    public int MinMember { get; set; } = 1;

    /// <summary>How long places are kept for pods of the group that could not be bound yet.</summary>
    [JsonPropertyName("scheduleTimeoutSeconds")]
    public int? ScheduleTimeoutSeconds { get; set; }

    /// <summary>The priority class of pods that name none.</summary>
    [JsonPropertyName("priorityClassName")]
    public string? PriorityClassName { get; set; }
}

/// <summary>The observed state of a group.</summary>
public sealed class PodGroupStatus
{
    /// <summary>Pending, Scheduling, Unschedulable, Scheduled, Running or Finished: see <see cref="PodGroupStatusPlan"/>.</summary>
    [JsonPropertyName("phase")]
    public string? Phase { get; set; }

    [JsonPropertyName("observedGeneration")]
    public long? ObservedGeneration { get; set; }

    /// <summary>How many pods there are that have not failed.</summary>
    [JsonPropertyName("members")]
    public int? Members { get; set; }

    /// <summary>How many of them have a node.</summary>
    [JsonPropertyName("scheduled")]
    public int? Scheduled { get; set; }

    /// <summary>How many of them run.</summary>
    [JsonPropertyName("running")]
    public int? Running { get; set; }

    [JsonPropertyName("conditions")]
    public IList<V1Condition>? Conditions { get; set; }
}
