using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.PetrelScheduling;

/// <summary>
/// scheduling.petrel.dev/v1 PodGroup: pods that are scheduled together. Pods with its name in the label <see cref="MemberLabel"/> get
/// nodes only when <c>spec.minMember</c> of them fit.
/// </summary>
internal static class PodGroupKind
{
    public const string Group = "scheduling.petrel.dev";

    /// <summary>The label by which pods join a group of their namespace.</summary>
    public const string MemberLabel = "scheduling.petrel.dev/pod-group";

    private const int TimeoutSeconds = 60;

    public static KindDefinition Definition { get; } =
        KindDefinition.Create(Group, "v1", "PodGroup", "podgroups", namespaced: true, PodGroupSchema.Root) with
        {
            ShortNames = ["pg"],
            HasStatus = true,
            HasGeneration = true,
            Default = static value => value.Ensure("spec").Fill("scheduleTimeoutSeconds", TimeoutSeconds),
            PrepareForCreate = static (value, _) => value["status"] = new JsonObject { ["phase"] = "Pending" },
            // Its name is the value of a label.
            NameProblem = NameSyntax.LabelProblem,
            Validate = Validate,
            Columns =
            [
                Name,
                Shown("Phase", "How far the group is.", static o => o.Text("status", "phase")),
                Shown(
                    "Min Member",
                    "How many pods must have a node for any to have one.",
                    static o => o.Number("spec", "minMember"),
                    "integer"
                ),
                Shown("Members", "How many pods there are.", static o => o.Number("status", "members"), "integer"),
                Shown("Scheduled", "How many of them have a node.", static o => o.Number("status", "scheduled"), "integer"),
                Wide("Running", "How many of them run.", static o => o.Number("status", "running"), "integer"),
                Age,
            ],
        };

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        if (!spec.Has("minMember"))
        {
            errors.Required("spec.minMember", "how many pods are of use together");
        }
        else if (spec.Number("minMember") < 1)
        {
            errors.Invalid("spec.minMember", spec.Number("minMember"), "must be greater than 0");
        }
        if (spec.Number("scheduleTimeoutSeconds") < 1)
        {
            errors.Invalid("spec.scheduleTimeoutSeconds", spec.Number("scheduleTimeoutSeconds"), "must be greater than 0");
        }
        if (spec.Text("priorityClassName") is { Length: > 0 } priorityClass && NameSyntax.SubdomainProblem(priorityClass) is { } problem)
        {
            errors.Invalid("spec.priorityClassName", priorityClass, problem);
        }
    }
}
