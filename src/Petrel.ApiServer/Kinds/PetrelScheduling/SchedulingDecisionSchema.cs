using Petrel.Model;
using Petrel.Model.Schema;
using static Petrel.ApiServer.Kinds.PetrelTypes;

namespace Petrel.ApiServer.Kinds.PetrelScheduling;

/// <summary>
/// What <c>pods/NAME/schedulingdecision</c> answers: the last decisions of the scheduler about a pod (docs/scheduler.md). Read-only, never
/// stored.
/// </summary>
internal static class SchedulingDecisionSchema
{
    public static GroupVersionKind Gvk { get; } = new(PodGroupKind.Group, "v1", "SchedulingDecision");

    public static SchemaType Root { get; } =
        Kind(
            "dev.petrel.scheduling.v1.SchedulingDecision",
            Field("attempts", FieldKind.Int64),
            Field("decisions", FieldKind.Json) with
            {
                IsList = true,
            }
        );
}
