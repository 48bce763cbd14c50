using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Core;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Cron;
using Petrel.Model.Documents;
using static Petrel.ApiServer.Kinds.Columns;

namespace Petrel.ApiServer.Kinds.Batch;

/// <summary>batch/v1 CronJob.</summary>
internal static class CronJobKind
{
    // Its jobs' names get eleven more characters.
    private const int MaxName = 52;

    private static readonly string[] Policies = ["Allow", "Forbid", "Replace"];

    public static KindDefinition Definition { get; } =
        KindDefinition.Create("batch", "v1", "CronJob", "cronjobs", namespaced: true) with
        {
            ShortNames = ["cj"],
            Categories = ["all"],
            HasStatus = true,
            HasGeneration = true,
            Default = Default,
            PrepareForCreate = static (value, _) => value["status"] = new JsonObject(),
            Validate = Validate,
            Warnings = JobWarnings.CronJob,
            Columns =
            [
                Name,
                Shown("Schedule", "When it runs.", static o => o.Text("spec", "schedule")),
                Shown("Timezone", "The time zone of the schedule.", static o =>
                    o.Has("spec", "timeZone") ? o.Text("spec", "timeZone") : None
                ),
                Shown("Suspend", "Whether it is held.", static o => o.Flag("spec", "suspend") ? "True" : "False", "boolean"),
                Shown("Active", "How many of its jobs run.", static o => o.Count("status", "active"), "integer"),
                new("Last Schedule", "string", "", "How long ago it last ran.", 0, static (o, now) =>
                    o.Has("status", "lastScheduleTime") ? Since(o.Text("status", "lastScheduleTime"), now) : None
                ),
                Age,
                .. TemplateColumns.ContainersAt("spec", "jobTemplate", "spec", "template", "spec"),
                Wide("Selector", "Which pods belong to it.", static o =>
                    TemplateColumns.Selector(o.At("spec", "jobTemplate", "spec", "selector"))
                ),
            ],
        };

    private static void Default(JsonObject value)
    {
        var spec = value.Ensure("spec");
        spec.Fill("concurrencyPolicy", "Allow");
        spec.Fill("suspend", false);
        spec.Fill("successfulJobsHistoryLimit", 3);
        spec.Fill("failedJobsHistoryLimit", 1);
        var template = spec.Ensure("jobTemplate");
        template.Ensure("metadata");
        PodDefaults.Template(template.Ensure("spec"));
    }

    private static void Validate(JsonObject value, JsonObject? old, FieldErrors errors)
    {
        var spec = value.Child("spec") ?? [];
        var name = value.Child("metadata").Text("name");
        if (name.Length > MaxName)
        {
            errors.Invalid("metadata.name", name, $"must be no more than {MaxName} characters");
        }
        Schedule(spec, old, errors);
        Quantities.NotNegative(spec.Number("startingDeadlineSeconds"), "spec.startingDeadlineSeconds", errors);
        Quantities.NotNegative(spec.Number("successfulJobsHistoryLimit"), "spec.successfulJobsHistoryLimit", errors);
        Quantities.NotNegative(spec.Number("failedJobsHistoryLimit"), "spec.failedJobsHistoryLimit", errors);
        if (!Policies.Contains(spec.Text("concurrencyPolicy")))
        {
            errors.NotSupported("spec.concurrencyPolicy", spec.Text("concurrencyPolicy"), Policies);
        }
        var job = spec.Child("jobTemplate").Child("spec") ?? [];
        JobValidation.Spec(job, null, "spec.jobTemplate.spec", errors);
        if (job.Flag("manualSelector") == true)
        {
            errors.NotSupported("spec.jobTemplate.spec.manualSelector", "true", "nil", "false");
        }
    }

    private static void Schedule(JsonObject spec, JsonObject? old, FieldErrors errors)
    {
        var schedule = spec.Text("schedule");
        if (schedule.Length == 0)
        {
            errors.Required("spec.schedule");
        }
        else if (schedule.Contains("TZ", StringComparison.Ordinal) && (old is null || old.Child("spec").Text("schedule") != schedule))
        {
            errors.Invalid("spec.schedule", schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
        }
        else if (CronSchedule.Problem(schedule) is { } malformed)
        {
            errors.Invalid("spec.schedule", schedule, malformed);
        }
        if (!spec.Has("timeZone"))
        {
            return;
        }
        var zone = spec.Text("timeZone");
        if (zone.Length == 0)
        {
            errors.Invalid("spec.timeZone", zone, "timeZone must be nil or non-empty string");
        }
        else if (zone.Equals("Local", StringComparison.OrdinalIgnoreCase))
        {
            errors.Invalid("spec.timeZone", zone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
        }
        else if (!TimeZones.TryFind(zone, out _, out var problem))
        {
            errors.Invalid("spec.timeZone", zone, problem);
        }
    }
}
