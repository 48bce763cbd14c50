using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 Namespace. Finalizers in its spec, not in its metadata, keep it until its content is deleted.</summary>
internal static class NamespaceKind
{
    private const string NameLabel = "kubernetes.io/metadata.name";

    public static KindDefinition Definition { get; } =
        KindDefinition.Create("", "v1", "Namespace", "namespaces", namespaced: false) with
        {
            DeletionReturnsObject = true,
            ShortNames = ["ns"],
            HasStatus = true,
            NameProblem = NameSyntax.LabelProblem,
            Verbs = ["create", "delete", "get", "list", "patch", "update", "watch"],
            IsHeld = static value => value.Child("spec").Texts("finalizers").Any(),
            OnDeletionStart = static value => value.Ensure("status")["phase"] = "Terminating",
            Default = NameAsLabel,
            PrepareForCreate = PrepareForCreate,
            PrepareForUpdate = static (value, old, _) => value["spec"] = old.Child("spec")?.DeepClone() ?? new JsonObject(),
            Validate = Validate,
            Columns = [Name, Shown("Status", "Active, or Terminating while it is emptied.", static o => o.Text("status", "phase")), Age],
            SelectableFields = Selectable("status.phase").With("name", static o => o.Text("metadata", "name")),
        };

    private static void NameAsLabel(JsonObject value)
    {
        if (value.Child("metadata").Text("name") is { Length: > 0 } name)
        {
            value.Ensure("metadata").Ensure("labels")[NameLabel] = name;
        }
    }

    private static void PrepareForCreate(JsonObject value, WriteContext context)
    {
        value["status"] = new JsonObject { ["phase"] = "Active" };
        var spec = value.Ensure("spec");
        if (!spec.Texts("finalizers").Contains("kubernetes"))
        {
            spec["finalizers"] = new JsonArray([.. spec.Texts("finalizers").Select(f => (JsonNode)f), "kubernetes"]);
        }
        NameAsLabel(value);
    }

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        foreach (var finalizer in value.Child("spec").Texts("finalizers"))
        {
            MetadataValidation.Finalizer(finalizer, "spec.finalizers", errors);
        }
    }
}
