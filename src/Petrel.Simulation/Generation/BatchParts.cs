using System.Text.Json.Nodes;

namespace Petrel.Simulation.Generation;

/// <summary>Workloads whose pods end: what is drawn of each kind, and what happens to it.</summary>
public static class BatchParts
{
    /// <summary>A Job of any kind, some of whose pods fail, that may be suspended, resumed or deleted.</summary>
    public static void Job(DraftPart draft, string name)
    {
        var spec = JobSpec(draft, name, failing: draft.OneIn(2));
        var suspended = draft.OneIn(5);
        if (suspended)
        {
            spec["suspend"] = true;
        }
        var created = draft.Sometime(0, 0.4);
        var target = draft.Create(created, Manifests.Object("batch/v1", "Job", name, spec));
        if (suspended || draft.OneIn(4))
        {
            draft.PatchSpec(created + draft.Window / 6, target, "suspend", !suspended);
            draft.PatchSpec(created + draft.Window / 3, target, "suspend", false);
        }
        if (draft.OneIn(4))
        {
            draft.PatchSpec(draft.Sometime(0.4), target, "parallelism", draft.Between(1, 4));
        }
        if (draft.OneIn(8))
        {
            draft.Delete(draft.Sometime(0.5), target, draft.Pick("Background", "Foreground"));
        }
    }

    /// <summary>A CronJob that runs each minute, that may be suspended for a while.</summary>
    public static void CronJob(DraftPart draft, string name, string schedule = "* * * * *")
    {
        var spec = new JsonObject
        {
            ["schedule"] = schedule,
            ["concurrencyPolicy"] = draft.Pick("Allow", "Forbid", "Replace"),
            ["successfulJobsHistoryLimit"] = draft.Between(0, 3),
            ["failedJobsHistoryLimit"] = draft.Between(0, 2),
            ["jobTemplate"] = new JsonObject { ["spec"] = JobSpec(draft, name, failing: draft.OneIn(3)) },
        };
        if (draft.OneIn(3))
        {
            spec["startingDeadlineSeconds"] = draft.Pick(20, 100);
        }
        var target = draft.Create(draft.Sometime(0, 0.1), Manifests.Object("batch/v1", "CronJob", name, spec));
        if (draft.OneIn(3))
        {
            var at = draft.Sometime(0.1, 0.6);
            draft.PatchSpec(at, target, "suspend", true);
            draft.PatchSpec(at + draft.Window / 4, target, "suspend", false);
        }
    }

    private static JsonObject JobSpec(DraftPart draft, string name, bool failing)
    {
        var seconds = draft.Pick("1", "4", "10");
        var container = failing ? Manifests.Container($"{name}:1", "run", seconds, "25") : Manifests.Container($"{name}:1", "run", seconds);
        container["resources"] = Manifests.Requests(draft.Pick("0", "100m", "500m"));
        var template = Manifests.Template(name, container);
        template["spec"]!["restartPolicy"] = draft.Pick("Never", "OnFailure");
        var spec = new JsonObject
        {
            ["parallelism"] = draft.Between(1, 3),
            ["completions"] = draft.Between(1, 4),
            ["backoffLimit"] = 6,
            ["template"] = template,
        };
        if (draft.OneIn(2))
        {
            spec["completionMode"] = "Indexed";
            if (draft.OneIn(3) && (string?)template["spec"]!["restartPolicy"] == "Never")
            {
                spec.Remove("backoffLimit");
                spec["backoffLimitPerIndex"] = 2;
            }
        }
        if (draft.OneIn(4))
        {
            spec["podReplacementPolicy"] = "Failed";
        }
        if (draft.OneIn(5))
        {
            spec["activeDeadlineSeconds"] = draft.Pick(8, 40);
        }
        if (draft.OneIn(5))
        {
            spec["ttlSecondsAfterFinished"] = draft.Pick(0, 5);
        }
        return spec;
    }
}
