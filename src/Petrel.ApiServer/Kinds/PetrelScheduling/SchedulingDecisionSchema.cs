using Petrel.Model;
using Petrel.Model.Schema;

namespace Petrel.ApiServer.Kinds.PetrelScheduling;

/// <summary>What <c>pods/NAME/schedulingdecision</c> answers: the last decisions of the scheduler about a pod (docs/scheduler.md). Read-only, never stored.</summary>
internal static class SchedulingDecisionSchema
{
    public static GroupVersionKind Kind { get; } = new(PodGroupKind.Group, "v1", "SchedulingDecision");

    public static SchemaType Root { get; } = new(
        "dev.petrel.scheduling.v1.SchedulingDecision",
        static _ =>
        [
            new() { Name = "apiVersion", Kind = FieldKind.String, IsValue = true },
            new() { Name = "kind", Kind = FieldKind.String, IsValue = true },
            new() { Name = "metadata", Kind = FieldKind.Object, Type = KubernetesSchemas.ByName("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")!, IsValue = true },
            new() { Name = "attempts", Kind = FieldKind.Int64 },
            new() { Name = "decisions", Kind = FieldKind.Json, IsList = true },
        ]);
}
