using System.Text.Json;
using System.Text.Json.Nodes;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Autoscaling;

/// <summary>autoscaling/v1 HorizontalPodAutoscaler: the same objects as autoscaling/v2's, by <see cref="AutoscalerVersions"/>.</summary>
internal static class HorizontalPodAutoscalerV1Kind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("autoscaling", "v1", "HorizontalPodAutoscaler", "horizontalpodautoscalers", namespaced: true) with
        {
            ShortNames = HorizontalPodAutoscalerKind.Definition.ShortNames,
            Categories = HorizontalPodAutoscalerKind.Definition.Categories,
            HasStatus = true,
            Storage = HorizontalPodAutoscalerKind.Definition,
            FromStorage = AutoscalerVersions.ToV1,
            ToStorage = AutoscalerVersions.ToV2,
            Default = AutoscalerVersions.DefaultV1,
            PrepareForCreate = static (value, _) => value["status"] = new JsonObject { ["currentReplicas"] = 0, ["desiredReplicas"] = 0 },
            Validate = static (value, old, errors) => AutoscalerValidation.Validate(InV2(value), old is null ? null : InV2(old), errors),
            Columns = HorizontalPodAutoscalerKind.TableColumns(static value =>
                HorizontalPodAutoscalerKind.Targets(
                    JsonSerializer.SerializeToElement(AutoscalerVersions.ToV2(JsonObject.Create(value)!.DeepClone().AsObject()))
                )
            ),
        };

    private static JsonObject InV2(JsonObject value) => AutoscalerVersions.ToV2(value.DeepClone().AsObject());
}
