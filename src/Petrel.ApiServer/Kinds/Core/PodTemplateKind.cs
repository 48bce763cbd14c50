using Petrel.ApiServer.Kinds.Pods;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Core;

/// <summary>v1 PodTemplate.</summary>
internal static class PodTemplateKind
{
    public static KindDefinition Definition { get; } =
        KindDefinition.Create("", "v1", "PodTemplate", "podtemplates", namespaced: true) with
        {
            DeletionReturnsObject = true,
            HasGeneration = true,
            Default = PodDefaults.Template,
            Validate = static (value, _, errors) =>
            {
                var holder = new System.Text.Json.Nodes.JsonObject { ["template"] = value["template"]?.DeepClone() };
                WorkloadValidation.PodTemplate(holder, null, "", errors);
            },
            Warnings = static (value, old) => PodWarnings.Template(value, old, "template."),
            Columns =
            [
                Name,
                .. TemplateColumns.ContainersAt("template", "spec").Select(c => c with { Priority = 0 }),
                Shown("Pod Labels", "The labels of its pods.", static o => Pairs(o.At("template", "metadata", "labels")).OrNone()),
            ],
        };
}
