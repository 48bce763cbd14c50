using Petrel.Simulation.Invariants;

namespace Petrel.Simulation.Tests.Invariants;

public sealed class JobInvariantTests
{
    private const string Tracked = """["batch.kubernetes.io/job-tracking"]""";
    private const string Key = "/registry/batch/jobs/default/sum";

    private readonly CommitFeed _feed = new(facts => new JobInvariant(facts));

    [Fact]
    public void A_pod_is_counted_once_by_way_of_the_uncounted()
    {
        Job("\"completions\":2,\"parallelism\":2");
        Assert.Null(_feed.Pod(Pod("a")));
        _feed.Pod(Pod("a") with { Phase = "Succeeded" });
        Assert.Null(Job("\"completions\":2,\"parallelism\":2", "\"uncountedTerminatedPods\":{\"succeeded\":[\"a\"]}"));
        Assert.Null(_feed.Pod(Pod("a") with { Phase = "Succeeded", Finalizers = "[]" }));
        Assert.Null(Job("\"completions\":2,\"parallelism\":2", "\"succeeded\":1"));
        Assert.Contains(
            "for the second time",
            Job("\"completions\":2,\"parallelism\":2", "\"succeeded\":1,\"uncountedTerminatedPods\":{\"succeeded\":[\"a\"]}"),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_count_without_a_pod_behind_it_is_found_as_is_one_that_falls()
    {
        Job("\"completions\":3");
        _feed.Pod(Pod("a") with { Phase = "Failed" });
        Assert.Null(Job("\"completions\":3", "\"uncountedTerminatedPods\":{\"failed\":[\"a\"]}"));
        Assert.NotNull(Job("\"completions\":3", "\"failed\":2"));
        Assert.Contains("fell", Job("\"completions\":3", "\"failed\":1"), StringComparison.Ordinal);
        Assert.NotNull(Job("\"completions\":3", "\"failed\":1,\"uncountedTerminatedPods\":{\"succeeded\":[\"b\"]}"));
    }

    [Fact]
    public void A_finalizer_that_goes_before_its_pod_is_counted_is_found()
    {
        Job("\"completions\":1");
        _feed.Pod(Pod("a"));
        _feed.Pod(Pod("a") with { Phase = "Succeeded" });
        Assert.Contains(
            "lost its tracking finalizer",
            _feed.Pod(Pod("a") with { Phase = "Succeeded", Finalizers = "[]" }),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Too_many_pods_at_once_or_in_all_are_found()
    {
        Job("\"completions\":3,\"parallelism\":2");
        Assert.Null(_feed.Pod(Pod("a")));
        Assert.Null(_feed.Pod(Pod("b")));
        Assert.Contains("parallelism is 2", _feed.Pod(Pod("c")), StringComparison.Ordinal);
        _feed.Pod(Pod("a") with { Phase = "Succeeded" });
        _feed.Pod(Pod("b") with { Phase = "Succeeded" });
        Assert.Contains("3 are wanted", _feed.Pod(Pod("d")), StringComparison.Ordinal);
    }

    [Fact]
    public void An_index_runs_once_and_never_again_after_it_has_succeeded()
    {
        Job("\"completions\":3,\"parallelism\":3,\"completionMode\":\"Indexed\"");
        Assert.Null(_feed.Pod(Pod("a", index: 0)));
        Assert.Contains("two active pods of index 0", _feed.Pod(Pod("b", index: 0)), StringComparison.Ordinal);
        _feed.Delete(Pod("b").Key);
        _feed.Pod(Pod("a", index: 0) with { Phase = "Failed" });
        Assert.Null(_feed.Pod(Pod("c", index: 0)));
        _feed.Pod(Pod("c", index: 0) with { Phase = "Succeeded" });
        Assert.Contains("has succeeded", _feed.Pod(Pod("d", index: 0)), StringComparison.Ordinal);
        Assert.NotNull(
            Job("\"completions\":3,\"parallelism\":3,\"completionMode\":\"Indexed\"", "\"succeeded\":2,\"completedIndexes\":\"0\"")
        );
    }

    [Fact]
    public void What_is_over_starts_nothing_and_stays_over()
    {
        Job("\"completions\":1", "\"conditions\":[{\"type\":\"Complete\",\"status\":\"True\"}]");
        Assert.Contains("is over and created", _feed.Pod(Pod("a")), StringComparison.Ordinal);
        Assert.Contains("not over any more", Job("\"completions\":1"), StringComparison.Ordinal);
    }

    [Fact]
    public void A_cron_job_makes_one_job_for_a_time_and_none_beside_another_where_that_is_forbidden()
    {
        var feed = new CommitFeed(facts => new CronJobInvariant(facts));
        feed.Put(
            "/registry/batch/cronjobs/default/tick",
            """{"metadata":{"name":"tick","uid":"cron"},"spec":{"concurrencyPolicy":"Forbid"}}"""
        );
        string? Made(string name, string time, string status = "{}") =>
            feed.Put(
                $"/registry/batch/jobs/default/{name}",
                $$$"""
                {"metadata":{"name":"{{{name}}}","uid":"{{{name}}}",
                "annotations":{"batch.kubernetes.io/cronjob-scheduled-timestamp":"{{{time}}}"},
                  "ownerReferences":[{"kind":"CronJob","name":"tick","uid":"cron","controller":true}]},"status":{{{status}}}}
                """
            );
        Assert.Null(Made("one", "2026-01-15T12:00:00Z"));
        Assert.Contains("while one is active", Made("two", "2026-01-15T12:01:00Z"), StringComparison.Ordinal);
        feed.Delete("/registry/batch/jobs/default/two");
        Made("one", "2026-01-15T12:00:00Z", """{"conditions":[{"type":"Complete","status":"True"}]}""");
        Assert.Null(Made("three", "2026-01-15T12:02:00Z"));
        feed.Delete("/registry/batch/jobs/default/three");
        Assert.Contains("a second Job", Made("four", "2026-01-15T12:02:00Z"), StringComparison.Ordinal);
    }

    private static PodShape Pod(string name, int? index = null) =>
        new(name)
        {
            OwnerKind = "Job",
            Finalizers = Tracked,
            Annotations = index is null ? "{}" : $$"""{"batch.kubernetes.io/job-completion-index":"{{index}}"}""",
        };

    private string? Job(string spec, string status = "") =>
        _feed.Put(
            Key,
            $$$"""
            {"metadata":{"name":"sum","uid":"owner"},"spec":{{{{spec}}}},"status":{{{{status}}}}}
            """
        );
}
