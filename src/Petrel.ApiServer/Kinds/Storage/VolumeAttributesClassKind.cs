using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Storage;

/// <summary>storage.k8s.io/v1 VolumeAttributesClass: attributes of volumes that may be changed while they are used.</summary>
internal static class VolumeAttributesClassKind
{
    private const string DefaultMark = "volumeattributesclass.alpha.kubernetes.io/is-default-class";

    public static KindDefinition Definition { get; } =
        KindDefinition.Create(StorageRules.Group, "v1", "VolumeAttributesClass", "volumeattributesclasses", namespaced: false) with
        {
            ShortNames = ["vac"],
            Validate = Validate,
            Columns =
            [
                Name with
                {
                    Value = static (o, _) =>
                        o.Text("metadata", "annotations", DefaultMark) == "true"
                            ? o.Text("metadata", "name") + " (default)"
                            : o.Text("metadata", "name"),
                },
                Shown("DriverName", "The driver that knows the attributes.", static o => o.Text("driverName")),
                Age,
            ],
        };

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        StorageRules.Provisioner(value.Text("driverName"), "driverName", errors);
        StorageRules.Parameters(value, mayBeEmpty: false, errors);
        StorageRules.Unchanged(value, old, ["driverName", "parameters"], errors);
    }
}
