using System.Text.Json;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 ComponentStatus: the health of the control plane's components. Nothing is stored: each read asks the components.</summary>
internal static class ComponentStatusKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("", "v1", "ComponentStatus", "componentstatuses", namespaced: false) with
        {
            ShortNames = ["cs"],
            Verbs = ["get", "list"],
            Deprecation = "v1 ComponentStatus is deprecated in v1.19+",
            Columns =
            [
                Name,
                Shown("Status", "Healthy or not.", Status),
                Shown("Message", "What it says of itself.", static o => Healthy(o).Text("message")),
                Shown("Error", "What is wrong.", static o => Healthy(o).Text("error")),
            ],
        };

    private static string Status(JsonElement value) =>
        Healthy(value).Text("status") switch
        {
            "True" => "Healthy",
            "False" => "Unhealthy",
            _ => "Unknown",
        };

    private static JsonElement Healthy(JsonElement value) => value.Items("conditions").FirstOrDefault(c => c.Text("type") == "Healthy");
}
