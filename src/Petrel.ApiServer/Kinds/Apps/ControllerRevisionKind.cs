using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Apps;

/// <summary>apps/v1 ControllerRevision: an earlier state of a workload, for rollbacks.</summary>
internal static class ControllerRevisionKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("apps", "v1", "ControllerRevision", "controllerrevisions", namespaced: true) with
        {
            Validate = Validate,
            Columns =
            [
                Name,
                Shown("Controller", "The workload that it belongs to.", static o =>
                    o.Items("metadata", "ownerReferences")
                        .Where(r => r.Flag("controller"))
                        .Select(r => $"{r.Text("kind").ToLowerInvariant()}{GroupOf(r.Text("apiVersion"))}/{r.Text("name")}")
                        .FirstOrDefault(None)
                ),
                Shown("Revision", "The number of the state.", static o => o.Number("revision"), "integer"),
                Age,
            ],
        };

    private static string GroupOf(string apiVersion) => apiVersion.Split('/') is [var group, _] ? $".{group}" : "";

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        Quantities.NotNegative(value.Number("revision"), "revision", errors);
        if (!value.Has("data"))
        {
            errors.Required("data", "data is mandatory");
        }
        if (old is not null && !JsonNode.DeepEquals(value["data"], old["data"]))
        {
            errors.Invalid("data", value["data"], "field is immutable");
        }
    }
}
