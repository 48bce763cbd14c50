using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Batch;

/// <summary>batch/v1 Job.</summary>
internal static class JobKind
{
    private const string Prefix = "batch.kubernetes.io/";

    // Labels of a job's pods: the names that count, and the older ones that people still select by.
    private static readonly string[] OwnLabels = [Prefix + "controller-uid", "controller-uid", Prefix + "job-name", "job-name"];

    public static KindDefinition Definition { get; } =
        KindDefinition.Create("batch", "v1", "Job", "jobs", namespaced: true) with
        {
            Categories = ["all"],
            HasStatus = true,
            HasGeneration = true,
            Default = Default,
            PrepareForCreate = static (value, _) => PrepareForCreate(value),
            Validate = JobValidation.Job,
            Warnings = JobWarnings.Job,
            Columns =
            [
                Name,
                Shown("Status", "What the job is at.", Status),
                Shown("Completions", "How many of the wanted pods have succeeded.", Completions),
                new("Duration", "string", "", "How long the job has run.", 0, Duration),
                Age,
                .. TemplateColumns.All,
            ],
            SelectableFields = Selectable([]).With("status.successful", static o => $"{o.Number("status", "succeeded")}"),
        };

    private static void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        // One pod, unless the number of completions or the parallelism says more.
        if (!spec.Has("completions") && !spec.Has("parallelism"))
        {
            spec["completions"] = 1;
        }
        spec.Fill("parallelism", 1);
        spec.Fill("backoffLimit", spec.Has("backoffLimitPerIndex") ? int.MaxValue : 6);
        spec.Fill("completionMode", "NonIndexed");
        spec.Fill("suspend", false);
        spec.Fill("podReplacementPolicy", spec.Has("podFailurePolicy") ? "Failed" : "TerminatingOrFailed");
        foreach (var rule in spec.Child("podFailurePolicy").Objects("rules"))
        {
            foreach (var pattern in rule.Objects("onPodConditions"))
            {
                pattern.Fill("status", "True");
            }
        }
        PodDefaults.Template(spec);
        if (
            value.Child("metadata").Child("labels") is null or { Count: 0 }
            && spec.Child("template").Child("metadata").Child("labels") is { Count: > 0 } labels
        )
        {
            value.Ensure("metadata")["labels"] = labels.DeepClone();
        }
    }

    private static void PrepareForCreate(JsonObject value)
    {
        value["status"] = new JsonObject();
        var spec = value.Ensure("spec");
        if (spec.Flag("manualSelector") == true || spec.Child("template") is not { } template)
        {
            return;
        }
        var uid = value.Child("metadata").Text("uid");
        var name = value.Child("metadata").Text("name");
        var labels = template.Ensure("metadata").Ensure("labels");
        foreach (var label in OwnLabels)
        {
            labels[label] = label.EndsWith("uid", StringComparison.Ordinal) ? uid : name;
        }
        if (spec.Child("selector") is null or { Count: 0 })
        {
            spec["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { [OwnLabels[0]] = uid } };
        }
    }

    private static string Status(JsonElement job)
    {
        bool Is(string type) => job.Items("status", "conditions").Any(c => c.Text("type") == type && c.Text("status") == "True");
        return Is("Complete") ? "Complete"
            : Is("Failed") ? "Failed"
            : job.Has("metadata", "deletionTimestamp") ? "Terminating"
            : Is("Suspended") ? "Suspended"
            : Is("FailureTarget") ? "FailureTarget"
            : Is("SuccessCriteriaMet") ? "SuccessCriteriaMet"
            : "Running";
    }

    private static string Completions(JsonElement job)
    {
        var succeeded = job.Number("status", "succeeded");
        if (job.Has("spec", "completions"))
        {
            return $"{succeeded}/{job.Number("spec", "completions")}";
        }
        return job.Number("spec", "parallelism") is > 1 and var parallelism ? $"{succeeded}/1 of {parallelism}" : $"{succeeded}/1";
    }

    private static string Duration(JsonElement job, DateTimeOffset now)
    {
        if (!DateTimeOffset.TryParse(job.Text("status", "startTime"), CultureInfo.InvariantCulture, out var start))
        {
            return "";
        }
        var end = DateTimeOffset.TryParse(job.Text("status", "completionTime"), CultureInfo.InvariantCulture, out var done) ? done : now;
        return HumanDuration.Format(end - start);
    }
}
