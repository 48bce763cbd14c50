using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Nodes;

/// <summary>node.k8s.io/v1 RuntimeClass.</summary>
internal static class RuntimeClassKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("node.k8s.io", "v1", "RuntimeClass", "runtimeclasses", namespaced: false) with
        {
            Validate = Validate,
            Warnings = static (value, _) =>
                value
                    .Child("scheduling")
                    .Map("nodeSelector")
                    .Where(l => DeprecatedNodeLabels.Message(l.Key) is not null)
                    .Select(l => $"scheduling.nodeSelector: {DeprecatedNodeLabels.Message(l.Key)}"),
            Columns = [Name, Shown("Handler", "What nodes know the runtime by.", static o => o.Text("handler")), Age],
        };

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var handler = value.Text("handler");
        if (handler.Length == 0)
        {
            errors.Required("handler");
        }
        else if (NameSyntax.LabelProblem(handler) is { } problem)
        {
            errors.Invalid("handler", handler, problem);
        }
        if (old is not null && handler != old.Text("handler"))
        {
            errors.Invalid("handler", handler, "field is immutable");
        }
        foreach (var (name, amount) in value.Child("overhead").Map("podFixed"))
        {
            Quantities.NotNegative(amount, $"overhead.podFixed[{name}]", errors);
        }
        MetadataValidation.Labels(value.Child("scheduling"), "nodeSelector", "scheduling", errors);
    }
}
