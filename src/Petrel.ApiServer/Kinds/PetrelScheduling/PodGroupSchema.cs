using Petrel.Model.Documents;
using Petrel.Model.Schema;
using static Petrel.ApiServer.Kinds.PetrelTypes;

namespace Petrel.ApiServer.Kinds.PetrelScheduling;

/// <summary>The structure of PodGroup.</summary>
internal static class PodGroupSchema
{
    private const string Prefix = "dev.petrel.scheduling.v1.";

    public static SchemaType Root { get; } =
        Kind(
            Prefix + "PodGroup",
            Field(
                    "spec",
                    PetrelTypes.Object(
                        Prefix + "PodGroupSpec",
                        Field("minMember", FieldKind.Int32).Needed(),
                        Field("priorityClassName", FieldKind.String),
                        Field("scheduleTimeoutSeconds", FieldKind.Int32)
                    )
                )
                .Needed(),
            Field(
                "status",
                PetrelTypes.Object(
                    Prefix + "PodGroupStatus",
                    Field("conditions", KubernetesSchemas.ByName("io.k8s.apimachinery.pkg.apis.meta.v1.Condition")!) with
                    {
                        IsList = true,
                        ListKind = ListKind.Map,
                        ListMapKeys = ["type"],
                        PatchMerge = true,
                        PatchMergeKey = "type",
                    },
                    Field("members", FieldKind.Int32),
                    Field("observedGeneration", FieldKind.Int64),
                    Field("phase", FieldKind.String),
                    Field("running", FieldKind.Int32),
                    Field("scheduled", FieldKind.Int32)
                )
            )
        );
}
