using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.ApiServer.Kinds.Syntax;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Apps;

/// <summary>apps/v1 StatefulSet.</summary>
internal static class StatefulSetKind
{
    private static readonly string[] Mutable =
    [
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    ];

    public static KindDefinition Definition { get; } =
        KindDefinition.Create("apps", "v1", "StatefulSet", "statefulsets", namespaced: true) with
        {
            ShortNames = ["sts"],
            Categories = ["all"],
            NameProblem = NameSyntax.LabelProblem,
            HasStatus = true,
            HasGeneration = true,
            Scale = ScalePaths.Workload,
            Default = Default,
            PrepareForCreate = static (value, _) => value["status"] = new JsonObject { ["availableReplicas"] = 0, ["replicas"] = 0 },
            Validate = Validate,
            Warnings = Warn,
            Columns =
            [
                Name,
                Shown("Ready", "How many of the wanted pods are ready.", static o =>
                    $"{o.Number("status", "readyReplicas")}/{o.Number("spec", "replicas")}"
                ),
                Age,
                .. TemplateColumns.Containers,
            ],
        };

    private static void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        spec.Fill("replicas", 1);
        spec.Fill("revisionHistoryLimit", 10);
        spec.Fill("podManagementPolicy", "OrderedReady");
        var strategy = spec.Ensure("updateStrategy");
        strategy.Fill("type", "RollingUpdate");
        if (strategy.Text("type") == "RollingUpdate")
        {
            strategy.Ensure("rollingUpdate").Fill("partition", 0);
        }
        var retention = spec.Ensure("persistentVolumeClaimRetentionPolicy");
        retention.Fill("whenDeleted", "Retain");
        retention.Fill("whenScaled", "Retain");
        foreach (var claim in spec.Objects("volumeClaimTemplates"))
        {
            claim["apiVersion"] = "v1";
            claim["kind"] = "PersistentVolumeClaim";
            claim.Ensure("spec").Fill("volumeMode", "Filesystem");
            claim.Ensure("status").Fill("phase", "Pending");
        }
        PodDefaults.Template(spec);
    }

    private static IEnumerable<string> Warn(JsonObject value, JsonObject? old)
    {
        var claims = value.Child("spec").Indexed("volumeClaimTemplates", "spec");
        return PodWarnings
            .Template(value.Child("spec"), old.Child("spec"), "spec.template.")
            .Concat(claims.SelectMany(c => VolumeWarnings.Claim(c.Value.Child("spec"), $"{c.Path}.spec")))
            .Concat(
                value.Child("spec").Number("revisionHistoryLimit") < 0
                    ? ["spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended"]
                    : []
            );
    }

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        if (spec.Text("podManagementPolicy") is not ("OrderedReady" or "Parallel") and var policy)
        {
            errors.Invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'");
        }
        Strategy(spec.Child("updateStrategy"), errors);
        foreach (var when in (ReadOnlySpan<string>)["whenDeleted", "whenScaled"])
        {
            if (spec.Child("persistentVolumeClaimRetentionPolicy").Text(when) is not ("Retain" or "Delete") and var choice)
            {
                errors.NotSupported($"spec.persistentVolumeClaimRetentionPolicy.{when}", choice, "Retain", "Delete");
            }
        }
        Quantities.NotNegative(spec.Number("replicas"), "spec.replicas", errors);
        Quantities.NotNegative(spec.Number("minReadySeconds"), "spec.minReadySeconds", errors);
        Quantities.NotNegative(spec.Child("ordinals").Number("start"), "spec.ordinals.start", errors);
        WorkloadValidation.Selector(spec.Child("selector"), "statefulset", errors);
        WorkloadValidation.Template(WithClaims(spec), spec.Child("selector"), "StatefulSet", errors);
        if (old is null && spec.Text("serviceName") is { Length: > 0 } service && NameSyntax.LabelProblem(service) is { } problem)
        {
            errors.Invalid("spec.serviceName", service, problem);
        }
        if (old is not null)
        {
            CheckUnchanged(spec, old.Child("spec") ?? [], errors);
        }
    }

    /// <summary>The spec with its claims as volumes of its pods, which is what they become.</summary>
    private static JsonObject WithClaims(JsonObject spec)
    {
        var claims = spec.Objects("volumeClaimTemplates").Select(c => c.Child("metadata").Text("name")).Where(n => n.Length > 0).ToList();
        if (claims.Count == 0 || spec.Child("template") is not { } template)
        {
            return spec;
        }
        var copy = template.DeepClone().AsObject();
        var volumes = copy.Ensure("spec").List("volumes");
        if (volumes is null)
        {
            copy["spec"]!["volumes"] = volumes = [];
        }
        var names = volumes.OfType<JsonObject>().Select(v => v.Text("name")).ToHashSet(StringComparer.Ordinal);
        foreach (var claim in claims.Where(names.Add))
        {
            volumes.Add(new JsonObject { ["name"] = claim, ["emptyDir"] = new JsonObject() });
        }
        return new JsonObject { ["template"] = copy };
    }

    private static void Strategy(JsonObject? strategy, FieldErrors errors)
    {
        const string path = "spec.updateStrategy";
        switch (strategy.Text("type"))
        {
            case "OnDelete":
                if (strategy.Has("rollingUpdate"))
                {
                    errors.Invalid(
                        $"{path}.rollingUpdate",
                        WorkloadValidation.ShownUpdate(strategy.Child("rollingUpdate") ?? [], Unset()),
                        "only allowed for updateStrategy 'RollingUpdate'"
                    );
                }
                break;
            case "RollingUpdate":
                var rolling = strategy.Child("rollingUpdate");
                Quantities.NotNegative(rolling.Number("partition"), $"{path}.rollingUpdate.partition", errors);
                if (rolling.Has("maxUnavailable"))
                {
                    var value = rolling!["maxUnavailable"];
                    var amount = WorkloadValidation.Amount(value, $"{path}.rollingUpdate.maxUnavailable", errors);
                    if (amount == 0)
                    {
                        errors.Invalid($"{path}.rollingUpdate.maxUnavailable", value, "cannot be 0");
                    }
                    WorkloadValidation.NotMoreThanAll(amount, value, $"{path}.rollingUpdate.maxUnavailable", errors);
                }
                break;
            default:
                errors.Add(
                    "FieldValueInvalid",
                    path,
                    $"Invalid value: {WorkloadValidation.Shown(strategy, Unset())}: must be 'RollingUpdate' or 'OnDelete'"
                );
                break;
        }
    }

    private static JsonObject Unset() => new() { ["Partition"] = 0, ["MaxUnavailable"] = null };

    private static void CheckUnchanged(JsonObject spec, JsonObject old, FieldErrors errors)
    {
        var left = spec.DeepClone().AsObject();
        var right = old.DeepClone().AsObject();
        foreach (var name in Mutable)
        {
            left.Remove(name);
            right.Remove(name);
        }
        if (!SemanticEquality.Equal(left, right, Definition.Schema.Field("spec")!.Type!))
        {
            errors.Forbidden(
                "spec",
                "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
                    + "'revisionHistoryLimit', "
                    + "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
            );
        }
    }
}
