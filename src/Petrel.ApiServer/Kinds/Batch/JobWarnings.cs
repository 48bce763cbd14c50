using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds.Pods;
using Petrel.ApiServer.Kinds.Validation;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Kinds.Batch;

/// <summary>Warnings about Jobs and CronJobs (upstream: pkg/api/job).</summary>
internal static class JobWarnings
{
    private const long ManyCompletions = 100_000;
    private const long ManyAtOnce = 10_000;

    public static IEnumerable<string> Job(JsonObject job, JsonObject? old) =>
        NameWarnings.Of(job, old).Concat(Spec(job.Child("spec"), old.Child("spec"), "spec"));

    public static IEnumerable<string> CronJob(JsonObject job, JsonObject? old)
    {
        var (spec, before) = (job.Child("spec"), old.Child("spec"));
        return NameWarnings
            .Of(job, old)
            .Concat(Spec(spec.Child("jobTemplate").Child("spec"), before.Child("jobTemplate").Child("spec"), "spec.jobTemplate.spec"))
            .Concat(
                spec.Text("schedule").Contains("TZ", StringComparison.Ordinal)
                    ?
                    [
                        "CRON_TZ or TZ used in spec.schedule is not officially supported, see "
                            + "https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details",
                    ]
                    : []
            );
    }

    private static IEnumerable<string> Spec(JsonObject? spec, JsonObject? old, string path) =>
        (
            spec.Text("completionMode") == "Indexed"
            && spec.Number("completions") > ManyCompletions
            && (spec.Number("parallelism") ?? 0) > ManyAtOnce
                ?
                [
                    "In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might "
                        + "not be able to track completedIndexes when a big number of indexes fail",
                ]
                : (string[])[]
        ).Concat(PodWarnings.Template(spec, old, $"{path}.template."));
}
