using Petrel.Model.Schema;

namespace Petrel.ApiServer.Kinds.PetrelScheduling;

/// <summary>The structure of PodGroup, which no table of upstream has.</summary>
internal static class PodGroupSchema
{
    private const string Prefix = "dev.petrel.scheduling.v1.";
    private const string Meta = "io.k8s.apimachinery.pkg.apis.meta.v1.";

    private static SchemaType Spec { get; } = new(
        Prefix + "PodGroupSpec",
        static _ => [Number("minMember") with { Required = true }, Text("priorityClassName"), Number("scheduleTimeoutSeconds")]);

    private static SchemaType Status { get; } = new(
        Prefix + "PodGroupStatus",
        static _ =>
        [
            new()
            {
                Name = "conditions",
                Kind = FieldKind.Object,
                Type = KubernetesSchemas.ByName(Meta + "Condition")!,
                IsList = true,
                ListKind = ListKind.Map,
                ListMapKeys = ["type"],
                PatchMerge = true,
                PatchMergeKey = "type",
            },
            Number("members"),
            new() { Name = "observedGeneration", Kind = FieldKind.Int64, IsValue = true },
            Text("phase"),
            Number("running"),
            Number("scheduled"),
            new() { Name = "scheduleStartTime", Kind = FieldKind.Time },
        ]);

    public static SchemaType Root { get; } = new(
        Prefix + "PodGroup",
        static _ =>
        [
            Text("apiVersion"),
            Text("kind"),
            Value("metadata", KubernetesSchemas.ByName(Meta + "ObjectMeta")!),
            Value("spec", Spec) with { Required = true },
            Value("status", Status),
        ]);

    private static SchemaField Text(string name) => new() { Name = name, Kind = FieldKind.String, IsValue = true };

    private static SchemaField Number(string name) => new() { Name = name, Kind = FieldKind.Int32 };

    private static SchemaField Value(string name, SchemaType type) => new() { Name = name, Kind = FieldKind.Object, Type = type, IsValue = true };
}
