using k8s.Models;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Jobs;
using Petrel.Controllers.Nodes;
using Petrel.Workloads;
using static Petrel.Controllers.Tests.Jobs.JobObjects;

namespace Petrel.Controllers.Tests.Jobs;

public sealed class JobPlanTests
{
    private static readonly HashSet<string> None = [];

    [Theory]
    [InlineData(5, 2, 0, 0, 2)]
    [InlineData(5, 2, 1, 0, 1)]
    [InlineData(5, 2, 0, 4, 1)]
    [InlineData(5, 2, 1, 4, 0)]
    [InlineData(null, 3, 1, 0, 2)]
    [InlineData(null, 3, 1, 1, 0)] // Once one succeeded, a work queue is left to run dry.
    [InlineData(5, 0, 0, 0, 0)]
    public void Pods_are_created_up_to_parallelism_and_remaining_completions(
        int? completions,
        int parallelism,
        int active,
        int succeeded,
        int created
    )
    {
        var job = Job(completions, parallelism, j => j.Status.Succeeded = succeeded);
        var pods = Enumerable.Range(0, active).Select(i => Pod($"p{i}"));
        Assert.Equal(created, Plan(job, pods) is JobAction.CreatePods create ? create.Pods.Count : 0);
    }

    [Fact]
    public void Surplus_pods_are_deleted_uncounted_and_those_furthest_from_running_first()
    {
        var step = Assert.IsType<JobAction.DeletePods>(
            Plan(
                Job(5, 1),
                [
                    Pod("running", change: p => p.Spec.NodeName = "n"),
                    Pod("pending", "Pending"),
                    Pod("bound", "Pending", change: p => p.Spec.NodeName = "n"),
                ]
            )
        );
        Assert.Equal(["pending", "bound"], Names(step.Pods));
        Assert.True(step.Uncounted);
    }

    [Fact]
    public void Pods_without_the_finalizer_are_deleted_first_and_tracked_again_when_they_may_stay()
    {
        var cut = Pod("cut", change: Untracked);
        Assert.Equal(["cut"], Names(Assert.IsType<JobAction.DeletePods>(Plan(Job(5, 1), [Pod("a", "Pending"), cut])).Pods));
        Assert.Equal(["cut"], Names(Assert.IsType<JobAction.AddFinalizer>(Plan(Job(5, 2), [Pod("a", "Pending"), cut])).Pods));
    }

    [Fact]
    public void After_a_failure_no_pod_is_created_before_the_delay_is_over()
    {
        var job = Job(2, 1, j => (j.Status.Failed, j.Status.Active) = (1, 0));
        var failed = Pod("p", "Failed", change: Untracked);
        Assert.Equal(TimeSpan.FromSeconds(7), Assert.IsType<JobAction.Wait>(Plan(job, [failed], backoff: 7)).RequeueAfter);
        Assert.IsType<JobAction.CreatePods>(Plan(job, [failed], backoff: 0));
    }

    [Fact]
    public void Counting_is_status_then_finalizer_then_status()
    {
        var job = Job(3, 2);
        List<V1Pod> pods = [Pod("good", "Succeeded"), Pod("bad", "Failed"), Pod("a"), Pod("b")];
        var noted = Write(job, pods);
        Assert.Equal(["uid-good"], noted.UncountedTerminatedPods.Succeeded);
        Assert.Equal(["uid-bad"], noted.UncountedTerminatedPods.Failed);
        Assert.Equal((2, 0, 0), (noted.Active, noted.Succeeded ?? 0, noted.Failed ?? 0));

        job.Status = noted;
        Assert.Equal(["bad", "good"], Names(Assert.IsType<JobAction.RemoveFinalizer>(Plan(job, pods)).Pods));

        Untracked(pods[0]);
        var half = Write(job, pods);
        Assert.Null(half.UncountedTerminatedPods.Succeeded);
        Assert.Equal(["uid-bad"], half.UncountedTerminatedPods.Failed);
        Assert.Equal((1, 0), (half.Succeeded, half.Failed ?? 0));

        Untracked(pods[1]);
        var counted = Write(job, pods);
        Assert.Equal((1, 1), (counted.Succeeded, counted.Failed));
        job.Status = counted;
        Assert.IsType<JobAction.Wait>(Plan(job, pods));
    }

    [Fact]
    public void A_pod_that_the_cache_does_not_show_is_counted_only_when_it_is_known_to_be_gone()
    {
        var job = Job(3, 1, j => (j.Status.UncountedTerminatedPods.Failed, j.Status.Active) = (["uid-lost"], 1));
        Assert.Equal(["uid-lost"], Assert.IsType<JobAction.VerifyPods>(Plan(job, [Pod("a")])).Uids);
        Assert.Equal(1, Write(job, [Pod("a")], gone: ["uid-lost"]).Failed);
    }

    [Fact]
    public void A_status_names_500_pods_at_a_time()
    {
        var job = Job(2000, 700);
        List<V1Pod> pods = [.. Enumerable.Range(0, 700).Select(i => Pod($"p{i:000}", "Succeeded"))];
        var counted = 0;
        for (var step = 0; step < 20; step++)
        {
            switch (Plan(job, pods, manage: false))
            {
                case JobAction.WriteStatus write:
                    Assert.InRange(write.Status.UncountedTerminatedPods.Succeeded?.Count ?? 0, 0, 500);
                    job.Status = write.Status;
                    break;
                case JobAction.RemoveFinalizer release:
                    counted += release.Pods.Count;
                    release.Pods.ToList().ForEach(Untracked);
                    break;
            }
        }
        Assert.Equal((700, 700), (counted, job.Status.Succeeded));
    }

    [Theory]
    [InlineData("TerminatingOrFailed", 1, 1)]
    [InlineData("Failed", 0, 0)]
    public void A_terminating_pod_counts_as_failed_unless_the_job_waits_for_its_end(string policy, int uncounted, int created)
    {
        var job = Job(3, 1, j => j.Spec.PodReplacementPolicy = policy);
        List<V1Pod> pods = [Pod("p", change: Deleted)];
        Assert.Equal(created, Plan(job, pods) is JobAction.CreatePods create ? create.Pods.Count : 0);
        var status = Write(job, pods, manage: false);
        Assert.Equal((uncounted, 1), (status.UncountedTerminatedPods.Failed?.Count ?? 0, status.Terminating));
    }

    [Fact]
    public void Failures_beyond_the_limit_end_the_job_once_its_pods_have_ended()
    {
        var job = Job(5, 2, j => (j.Spec.BackoffLimit, j.Status.Failed, j.Status.Active) = (1, 1, 1));
        List<V1Pod> pods = [Pod("bad", "Failed"), Pod("running")];
        var target = Write(job, pods);
        Assert.Equal(("FailureTarget", "BackoffLimitExceeded", "Job has reached the specified backoff limit"), Last(target));
        job.Status = target;
        var delete = Assert.IsType<JobAction.DeletePods>(Plan(job, pods));
        Assert.Equal(["running"], Names(delete.Pods));
        Assert.False(delete.Uncounted);
        Deleted(pods[1]);
        Assert.Equal(["uid-bad", "uid-running"], (job.Status = Write(job, pods)).UncountedTerminatedPods.Failed);
        Assert.IsType<JobAction.RemoveFinalizer>(Plan(job, pods));
        pods.ForEach(Untracked);
        job.Status = Write(job, pods);
        Assert.Equal((3, 1, "FailureTarget"), (job.Status.Failed, job.Status.Terminating, Last(job.Status).Type));
        pods.RemoveAt(1);
        var end = Assert.IsType<JobAction.WriteStatus>(Plan(job, pods));
        Assert.Equal(("Failed", "BackoffLimitExceeded", "Job has reached the specified backoff limit"), Last(end.Status));
        Assert.Equal(
            new ControllerEvent("Warning", "BackoffLimitExceeded", "Job has reached the specified backoff limit"),
            Assert.Single(end.Events)
        );
        Assert.Null(end.Status.CompletionTime);
    }

    [Theory]
    [InlineData(6, 3, 2, false)]
    [InlineData(6, 3, 3, true)]
    [InlineData(0, 0, 0, false)]
    [InlineData(0, 0, 1, true)]
    public void Restarts_in_place_count_towards_the_limit(int limit, int first, int second, bool fails)
    {
        var job = Job(2, 2, j => (j.Spec.BackoffLimit, j.Spec.Template.Spec.RestartPolicy) = (limit, "OnFailure"));
        List<V1Pod> pods = [Pod("a", change: p => p.Status.ContainerStatuses = [
                    new()
                    {
                        Name = "main",
                        Image = "",
                        ImageID = "",
                        RestartCount = first,
                    },
                ]), Pod("b", "Pending", change: p => p.Status.InitContainerStatuses = [
                    new()
                    {
                        Name = "init",
                        Image = "",
                        ImageID = "",
                        RestartCount = second,
                    },
                ])];
        Assert.Equal(fails ? "BackoffLimitExceeded" : null, Write(job, pods).Conditions?.Single().Reason);
    }

    [Fact]
    public void A_deadline_ends_the_job_and_requeues_it_in_time()
    {
        var job = Job(1, 1, j => (j.Spec.ActiveDeadlineSeconds, j.Status.Active) = (3660, 1));
        Assert.Equal(TimeSpan.FromSeconds(60), Assert.IsType<JobAction.Wait>(Plan(job, [Pod("a")])).RequeueAfter);
        job.Spec.ActiveDeadlineSeconds = 3600;
        Assert.Equal(("FailureTarget", "DeadlineExceeded", "Job was active longer than specified deadline"), Last(Write(job, [Pod("a")])));
        job.Spec.Suspend = true;
        Assert.IsType<JobAction.DeletePods>(Plan(job, [Pod("a")]));
    }

    [Fact]
    public void Enough_successes_complete_the_job()
    {
        var job = Job(2, 2, j => (j.Status.Succeeded, j.Status.Conditions) = (2, null));
        job.Status = Write(job, []);
        Assert.Equal(("SuccessCriteriaMet", "CompletionsReached", "Reached expected number of succeeded pods"), Last(job.Status));
        var end = Assert.IsType<JobAction.WriteStatus>(Plan(job, []));
        Assert.Equal(("Complete", "CompletionsReached", "Reached expected number of succeeded pods"), Last(end.Status));
        Assert.Equal(Now.UtcDateTime, end.Status.CompletionTime);
        Assert.Equal(new ControllerEvent("Normal", "Completed", "Job completed"), Assert.Single(end.Events));
    }

    [Fact]
    public void A_work_queue_completes_when_one_has_succeeded_and_all_have_ended()
    {
        var job = Job(null, 3, j => (j.Status.Succeeded, j.Status.Active) = (1, 1));
        Assert.IsType<JobAction.Wait>(Plan(job, [Pod("a")]));
        Assert.Equal("SuccessCriteriaMet", Last(Write(job, [])).Type);
    }

    [Fact]
    public void Suspension_deletes_the_pods_and_resumption_starts_the_clock_anew()
    {
        var job = Job(2, 1, j => (j.Spec.Suspend, j.Spec.ActiveDeadlineSeconds) = (true, 60));
        Assert.True(Assert.IsType<JobAction.DeletePods>(Plan(job, [Pod("a")])).Uncounted);
        var held = Assert.IsType<JobAction.WriteStatus>(Plan(job, []));
        Assert.Equal(("Suspended", "JobSuspended", "Job suspended"), Last(held.Status));
        Assert.Equal(new ControllerEvent("Normal", "Suspended", "Job suspended"), Assert.Single(held.Events));
        job.Status = held.Status;
        Assert.IsType<JobAction.Wait>(Plan(job, []));

        job.Spec.Suspend = false;
        Assert.IsType<JobAction.CreatePods>(Plan(job, []));
        var resumed = Assert.IsType<JobAction.WriteStatus>(Plan(job, [Pod("b")]));
        var condition = resumed.Status.Conditions.Single();
        Assert.Equal(("False", "JobResumed", "Job resumed"), (condition.Status, condition.Reason, condition.Message));
        Assert.Equal(Now.UtcDateTime, resumed.Status.StartTime);
        Assert.Equal("Resumed", Assert.Single(resumed.Events).Reason);
    }

    [Fact]
    public void A_job_that_was_never_started_has_no_start_time()
    {
        var job = Job(2, 1, j => (j.Spec.Suspend, j.Status) = (true, null));
        Assert.Null(Write(job, []).StartTime);
    }

    [Fact]
    public void Rules_about_failed_pods_ignore_or_fail_the_job()
    {
        V1PodFailurePolicy policy = new()
        {
            Rules =
            [
                new() { Action = "Ignore", OnPodConditions = [new() { Type = "DisruptionTarget", Status = "True" }] },
                new()
                {
                    Action = "FailJob",
                    OnExitCodes = new() { OperatorProperty = "In", Values = [42] },
                },
            ],
        };
        var job = Job(2, 1, j => (j.Spec.PodFailurePolicy, j.Spec.PodReplacementPolicy, j.Spec.BackoffLimit) = (policy, "Failed", 0));
        var evicted = Pod("evicted", "Failed", change: p => p.Status.Conditions = [new() { Type = "DisruptionTarget", Status = "True" }]);
        // Ignored: replaced at once, and released uncounted.
        Assert.IsType<JobAction.CreatePods>(Plan(job, [evicted]));
        job.Status = Write(job, [evicted, Pod("next")]);
        Assert.Null(job.Status.UncountedTerminatedPods.Failed);
        Assert.Equal(["evicted"], Names(Assert.IsType<JobAction.RemoveFinalizer>(Plan(job, [evicted, Pod("next")])).Pods));

        var bad = Pod("bad", "Failed", change: Exit(42));
        var words = "Container main for pod default/bad failed with exit code 42 matching FailJob rule at index 1";
        Assert.Equal(("FailureTarget", "PodFailurePolicy", words), Last(Write(job, [bad])));
    }

    [Fact]
    public void Missing_indexes_get_pods_and_duplicates_and_invalid_indexes_are_deleted()
    {
        var job = Indexed(6, 3, j => j.Status.CompletedIndexes = "0,2");
        var create = Assert.IsType<JobAction.CreatePods>(Plan(job, [Pod("a", index: 3)]));
        Assert.Equal([1, 4], create.Pods.Select(p => p.Index!.Value));

        List<V1Pod> pods = [Pod("a", index: 3), Pod("b", "Pending", index: 3), Pod("c"), Pod("d", index: 6)];
        Assert.Equal(["b", "c", "d"], Names(Assert.IsType<JobAction.DeletePods>(Plan(job, pods)).Pods).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_index_succeeds_once_however_many_pods_it_had()
    {
        var job = Indexed(3, 3, j => j.Status.Active = 1);
        List<V1Pod> pods = [Pod("a", "Succeeded", 1), Pod("b", "Succeeded", 1), Pod("c", "Succeeded", 2), Pod("d", index: 0)];
        job.Status = Write(job, pods);
        Assert.Equal(("1,2", 2, null), (job.Status.CompletedIndexes, job.Status.Succeeded, job.Status.UncountedTerminatedPods.Succeeded));
        Assert.Equal(["a", "b", "c"], Names(Assert.IsType<JobAction.RemoveFinalizer>(Plan(job, pods)).Pods));
    }

    [Fact]
    public void With_a_limit_per_index_a_failed_pod_keeps_its_finalizer_until_it_is_replaced()
    {
        var job = Indexed(2, 2, j => (j.Spec.BackoffLimitPerIndex, j.Spec.BackoffLimit, j.Status.Active) = (1, int.MaxValue, 1));
        var failed = Pod("a", "Failed", 0, p =>
        {
            Exit(1, 4)(p);
            p.Metadata.Annotations["batch.kubernetes.io/job-index-failure-count"] = "0";
        });
        var other = Pod("b", index: 1);
        job.Status = Write(job, [failed, other]);
        Assert.Equal((null, ""), (job.Status.UncountedTerminatedPods.Failed, job.Status.FailedIndexes));
        Assert.Equal(TimeSpan.FromSeconds(6), Assert.IsType<JobAction.Wait>(Plan(job, [failed, other])).RequeueAfter);

        Exit(1, 11)(failed);
        var wanted = Assert.Single(Assert.IsType<JobAction.CreatePods>(Plan(job, [failed, other])).Pods);
        Assert.Equal((0, "a"), (wanted.Index, wanted.Replaces!.Metadata.Name));
        var next = Pod("c", index: 0, change: p => p.Metadata.Annotations["batch.kubernetes.io/job-index-failure-count"] = "1");
        Assert.Equal(["uid-a"], Write(job, [failed, next, other]).UncountedTerminatedPods.Failed);
    }

    [Fact]
    public void An_index_that_failed_too_often_fails_for_good_and_the_job_with_it_at_the_end()
    {
        var job = Indexed(2, 2, j => (j.Spec.BackoffLimitPerIndex, j.Spec.BackoffLimit, j.Status.Active) = (1, int.MaxValue, 1));
        var failed = Pod("a", "Failed", 0, p => p.Metadata.Annotations["batch.kubernetes.io/job-index-failure-count"] = "1");
        var other = Pod("b", index: 1);
        job.Status = Write(job, [failed, other]);
        Assert.Equal(("0", null), (job.Status.FailedIndexes, job.Status.Conditions));
        other.Status.Phase = "Succeeded";
        Assert.Equal(("FailureTarget", "FailedIndexes", "Job has failed indexes"), Last(Write(job, [failed, other])));
        job.Spec.MaxFailedIndexes = 0;
        Assert.Equal("MaxFailedIndexesExceeded", Last(Write(job, [failed, other])).Reason);
    }

    [Fact]
    public void A_success_policy_ends_the_job_early_and_does_not_count_deleted_pods()
    {
        var job = Indexed(3, 3, j => j.Spec.SuccessPolicy = new() { Rules = [new() { SucceededIndexes = "0" }] });
        List<V1Pod> pods = [Pod("a", "Succeeded", 0), Pod("b", index: 1), Pod("c", index: 2)];
        job.Status = Write(job, pods);
        Assert.Equal(("SuccessCriteriaMet", "SuccessPolicy", "Matched rules at index 0"), Last(job.Status));
        var delete = Assert.IsType<JobAction.DeletePods>(Plan(job, pods));
        Assert.Equal(["b", "c"], Names(delete.Pods));
        Assert.True(delete.Uncounted);
        pods.ForEach(Untracked);
        pods.RemoveRange(1, 2);
        job.Status = Write(job, pods);
        Assert.Equal(("Complete", 1, 0), (Last(job.Status).Type, job.Status.Succeeded, job.Status.Failed ?? 0));
    }

    [Fact]
    public void A_job_that_is_being_deleted_creates_no_pods_and_removes_their_finalizers()
    {
        var job = Job(3, 3, j => (j.Metadata.DeletionTimestamp, j.Status.Active) = (Now.UtcDateTime, 1));
        Assert.Equal(["a"], Names(Assert.IsType<JobAction.RemoveFinalizer>(Plan(job, [Pod("a")])).Pods));
    }

    [Fact]
    public void Matching_orphans_are_adopted_and_pods_that_do_not_match_are_released()
    {
        var orphan = Pod("orphan", change: p => p.Metadata.OwnerReferences = null);
        var other = Pod("other", change: p => p.Metadata.Labels = new Dictionary<string, string>());
        var claim = Assert.IsType<JobAction.Adopt>(Plan(Job(), [orphan, other]));
        Assert.Equal(["orphan"], Names(claim.Plan.Adopt));
        Assert.Equal(["other"], Names(claim.Plan.Release));
    }

    private static JobAction Plan(
        V1Job job,
        IEnumerable<V1Pod> pods,
        double backoff = 0,
        bool manage = true,
        HashSet<string>? gone = null
    ) => JobPlan.Compute(job, pods, gone ?? None, TimeSpan.FromSeconds(backoff), manage, Now);

    // Without creates and deletes, which come first.
    private static V1JobStatus Write(V1Job job, IEnumerable<V1Pod> pods, bool manage = false, HashSet<string>? gone = null) =>
        Assert.IsType<JobAction.WriteStatus>(Plan(job, pods, manage: manage, gone: gone)).Status;

    private static (string Type, string Reason, string Message) Last(V1JobStatus status) =>
        (status.Conditions[^1].Type, status.Conditions[^1].Reason, status.Conditions[^1].Message);

    private static string[] Names(IEnumerable<V1Pod> pods) => [.. pods.Select(p => p.Metadata.Name)];
}
