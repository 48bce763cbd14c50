using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Storage;

/// <summary>storage.k8s.io/v1 CSIStorageCapacity: how much storage of a class is free, and for which nodes.</summary>
internal static class CsiStorageCapacityKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create(StorageRules.Group, "v1", "CSIStorageCapacity", "csistoragecapacities", namespaced: true) with
        {
            Validate = Validate,
            Columns =
            [
                Name,
                Shown("StorageClassName", "The class that it is about.", static o => o.Text("storageClassName")),
                Shown("Capacity", "How much is free.", static o => o.Has("capacity") ? o.Text("capacity") : "<unset>"),
            ],
        };

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        SelectorValidation.Validate(value.Child("nodeTopology"), "nodeTopology", errors);
        if (NameSyntax.SubdomainProblem(value.Text("storageClassName")) is { } problem)
        {
            errors.Invalid("storageClassName", value.Text("storageClassName"), problem);
        }
        if (value.Has("capacity"))
        {
            Quantities.NotNegative(value.Text("capacity"), "capacity", errors);
        }
        foreach (var field in (ReadOnlySpan<string>)["nodeTopology", "storageClassName"])
        {
            if (old is not null && !JsonNode.DeepEquals(value[field], old[field]))
            {
                errors.Invalid(field, value[field], "field is immutable");
            }
        }
    }
}
