using System.Text.Json.Nodes;

namespace Petrel.Simulation.Generation;

/// <summary>Workloads whose pods end: what is drawn of each kind, and what happens to it.</summary>
public static class BatchParts
{
    /// <summary>A Job of any kind, some of whose pods fail, that may be suspended, resumed or deleted.</summary>
    public static void Job(WorkloadPart part, string name)
    {
        var spec = JobSpec(part, name, failing: part.OneIn(2));
        var suspended = part.OneIn(5);
        if (suspended)
        {
            spec["suspend"] = true;
        }
        var created = part.Sometime(0, 0.4);
        var target = part.Create(created, Manifests.Object("batch/v1", "Job", name, spec));
        if (suspended || part.OneIn(4))
        {
            part.PatchSpec(created + part.Window / 6, target, "suspend", !suspended);
            part.PatchSpec(created + part.Window / 3, target, "suspend", false);
        }
        if (part.OneIn(4))
        {
            part.PatchSpec(part.Sometime(0.4), target, "parallelism", part.Between(1, 4));
        }
        if (part.OneIn(8))
        {
            part.Delete(part.Sometime(0.5), target, part.Pick("Background", "Foreground"));
        }
    }

    /// <summary>A CronJob that runs each minute, that may be suspended for a while.</summary>
    public static void CronJob(WorkloadPart part, string name, string schedule = "* * * * *")
    {
        var spec = new JsonObject
        {
            ["schedule"] = schedule,
            ["concurrencyPolicy"] = part.Pick("Allow", "Forbid", "Replace"),
            ["successfulJobsHistoryLimit"] = part.Between(0, 3),
            ["failedJobsHistoryLimit"] = part.Between(0, 2),
            ["jobTemplate"] = new JsonObject { ["spec"] = JobSpec(part, name, failing: part.OneIn(3)) },
        };
        if (part.OneIn(3))
        {
            spec["startingDeadlineSeconds"] = part.Pick(20, 100);
        }
        var target = part.Create(part.Sometime(0, 0.1), Manifests.Object("batch/v1", "CronJob", name, spec));
        if (part.OneIn(3))
        {
            var at = part.Sometime(0.1, 0.6);
            part.PatchSpec(at, target, "suspend", true);
            part.PatchSpec(at + part.Window / 4, target, "suspend", false);
        }
    }

    private static JsonObject JobSpec(WorkloadPart part, string name, bool failing)
    {
        var seconds = part.Pick("1", "4", "10");
        var container = failing ? Manifests.Container($"{name}:1", "run", seconds, "25") : Manifests.Container($"{name}:1", "run", seconds);
        container["resources"] = Manifests.Requests(part.Pick("0", "100m", "500m"));
        var template = Manifests.Template(name, container);
        template["spec"]!["restartPolicy"] = part.Pick("Never", "OnFailure");
        var spec = new JsonObject
        {
            ["parallelism"] = part.Between(1, 3),
            ["completions"] = part.Between(1, 4),
            ["backoffLimit"] = 6,
            ["template"] = template,
        };
        if (part.OneIn(2))
        {
            spec["completionMode"] = "Indexed";
            if (part.OneIn(3) && (string?)template["spec"]!["restartPolicy"] == "Never")
            {
                spec.Remove("backoffLimit");
                spec["backoffLimitPerIndex"] = 2;
            }
        }
        if (part.OneIn(4))
        {
            spec["podReplacementPolicy"] = "Failed";
        }
        if (part.OneIn(5))
        {
            spec["activeDeadlineSeconds"] = part.Pick(8, 40);
        }
        if (part.OneIn(5))
        {
            spec["ttlSecondsAfterFinished"] = part.Pick(0, 5);
        }
        return spec;
    }
}
