using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.GarbageCollection;
using Petrel.Controllers.Jobs;
using Petrel.Controllers.Quotas;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.Jobs;

public sealed class JobControllerTests
{
    [Fact]
    public async Task A_job_runs_as_many_pods_as_it_may_until_enough_have_succeeded()
    {
        await using var cluster = new TestCluster(JobRun.Controllers);
        cluster.Create(JobObjects.Manifest("job", completions: 5, parallelism: 2));
        for (var ended = 0; ended < 5; ended++)
        {
            cluster.Run(1);
            var active = cluster.Active();
            Assert.Equal(Math.Min(2, 5 - ended), active.Count);
            Assert.All(active, p => Assert.Contains(JobObjects.Finalizer, p.Metadata.Finalizers));
            Assert.Equal((active.Count, ended), (cluster.Job().Status.Active ?? 0, cluster.Job().Status.Succeeded ?? 0));
            cluster.SetReady(active[^1].Metadata.Name);
            cluster.Run(1);
            Assert.Equal(1, cluster.Job().Status.Ready);
            Assert.True(cluster.End(active[^1]));
        }
        cluster.Run(1);
        var job = cluster.Job();
        Assert.Equal((5, 0, 0, 0), (job.Status.Succeeded, job.Status.Active ?? 0, job.Status.Ready, job.Status.Terminating));
        Assert.Equal(("True", "CompletionsReached"), job.Condition("SuccessCriteriaMet"));
        Assert.Equal(("True", "CompletionsReached"), job.Condition("Complete"));
        Assert.NotNull(job.Status.CompletionTime);
        Assert.Equal(5, cluster.PodsOf().Count);
        Assert.All(cluster.PodsOf(), p => Assert.Empty(p.Metadata.Finalizers ?? []));
        var events = cluster.List<Corev1Event>().Where(e => e.InvolvedObject is { Kind: "Job", Name: "job" }).ToList();
        Assert.Equal(5, events.Count(e => e.Reason == "SuccessfulCreate"));
        Assert.Single(events, e => e is { Reason: "Completed", Message: "Job completed", Source.Component: "job-controller" });
    }

    [Fact]
    public async Task Pods_of_an_indexed_job_know_their_index()
    {
        await using var cluster = new TestCluster(JobRun.Controllers);
        var name = new string('j', 56);
        cluster.Create(JobObjects.Manifest(name, 12, 12, j => j.Spec.CompletionMode = "Indexed"));
        cluster.Run(1);
        var pods = cluster.Active(name).ToDictionary(p => int.Parse(p.Metadata.Annotations["batch.kubernetes.io/job-completion-index"]));
        Assert.Equal(Enumerable.Range(0, 12), pods.Keys.Order());
        var pod = pods[11];
        Assert.StartsWith(new string('j', 54) + "-11-", pod.Metadata.Name);
        Assert.Equal(63, pod.Metadata.Name.Length);
        Assert.Equal("11", pod.Metadata.Labels["batch.kubernetes.io/job-completion-index"]);
        Assert.Equal(name + "-11", pod.Spec.Hostname);
        var variable = Assert.Single(pod.Spec.Containers[0].Env, e => e.Name == "JOB_COMPLETION_INDEX");
        Assert.Equal("metadata.labels['batch.kubernetes.io/job-completion-index']", variable.ValueFrom.FieldRef.FieldPath);
        foreach (var index in new[] { 0, 1, 2, 5, 11 })
        {
            cluster.End(pods[index]);
        }
        cluster.Run(1);
        Assert.Equal(
            ("0-2,5,11", 5, 7),
            (cluster.Job(name).Status.CompletedIndexes, cluster.Job(name).Status.Succeeded, cluster.Job(name).Status.Active)
        );
    }

    [Fact]
    public async Task An_indexed_job_grows_and_shrinks_with_its_parallelism()
    {
        await using var cluster = new TestCluster(JobRun.Controllers);
        cluster.Create(JobObjects.Manifest("job", 2, 2, j => j.Spec.CompletionMode = "Indexed"));
        cluster.Run(1);
        cluster.Change<V1Job>("job", j => (j.Spec.Completions, j.Spec.Parallelism) = (4, 4));
        cluster.Run(1);
        Assert.Equal(4, cluster.Active().Count);
        cluster.Change<V1Job>("job", j => (j.Spec.Completions, j.Spec.Parallelism) = (1, 1));
        cluster.Run(1);
        Assert.Equal("0", Assert.Single(cluster.Active()).Metadata.Annotations["batch.kubernetes.io/job-completion-index"]);
        Assert.Equal(0, cluster.Job().Status.Failed ?? 0);
    }

    [Fact]
    public async Task Failed_pods_are_replaced_after_ten_seconds_and_then_twice_as_many_each_time()
    {
        await using var cluster = new TestCluster(JobRun.Controllers);
        cluster.Create(JobObjects.Manifest("job", change: j => j.Spec.BackoffLimit = 3));
        foreach (var delay in new[] { 10, 20, 40 })
        {
            cluster.Run(1);
            cluster.End(Assert.Single(cluster.Active()), good: false);
            cluster.Run(delay - 2);
            Assert.Empty(cluster.Active());
            cluster.Run(3);
            Assert.Single(cluster.Active());
        }
        cluster.End(Assert.Single(cluster.Active()), good: false);
        cluster.Run(1);
        Assert.Equal((("True", "BackoffLimitExceeded"), 4), (cluster.Job().Condition("Failed"), cluster.Job().Status.Failed));
        Assert.Contains(cluster.List<Corev1Event>(), e => e is { Type: "Warning", Reason: "BackoffLimitExceeded" });
    }

    [Fact]
    public async Task With_a_limit_per_index_indexes_fail_by_themselves()
    {
        await using var cluster = new TestCluster(JobRun.Controllers);
        cluster.Create(JobObjects.Manifest("job", 3, 3, j => (j.Spec.CompletionMode, j.Spec.BackoffLimitPerIndex) = ("Indexed", 1)));
        var failures = 0;
        for (var step = 0; step < 60 && !cluster.Job().IsOver(); step++)
        {
            cluster.Run(1);
            foreach (var pod in cluster.Active())
            {
                // Index 0 succeeds, index 1 succeeds at the second try, index 2 always fails.
                var index = int.Parse(pod.Metadata.Annotations["batch.kubernetes.io/job-completion-index"]);
                var before = int.Parse(pod.Metadata.Annotations["batch.kubernetes.io/job-index-failure-count"]);
                var good = index == 0 || (index == 1 && before == 1);
                failures += cluster.End(pod, good) && !good ? 1 : 0;
            }
        }
        var job = cluster.Job();
        Assert.Equal(("0,1", "2", 2, 3), (job.Status.CompletedIndexes, job.Status.FailedIndexes, job.Status.Succeeded, job.Status.Failed));
        Assert.Equal((("True", "FailedIndexes"), 3), (job.Condition("Failed"), failures));
    }

    [Fact]
    public async Task A_rule_about_exit_codes_ends_the_job_at_once()
    {
        await using var cluster = new TestCluster(JobRun.Controllers);
        cluster.Create(JobObjects.Manifest("job", 4, 2, j => j.Spec.PodFailurePolicy = new()
                {
                    Rules =
                    [
                        new()
                        {
                            Action = "FailJob",
                            OnExitCodes = new() { OperatorProperty = "In", Values = [42] },
                        },
                    ],
                }));
        cluster.Run(1);
        cluster.End(cluster.Active()[0], good: false, exitCode: 42);
        cluster.Run(2);
        var job = cluster.Job();
        Assert.Equal(
            (("True", "PodFailurePolicy"), ("True", "PodFailurePolicy"), 2),
            (job.Condition("FailureTarget"), job.Condition("Failed"), job.Status.Failed)
        );
        Assert.Empty(cluster.Active());
    }

    [Fact]
    public async Task A_rule_fails_an_index_at_once()
    {
        await using var cluster = new TestCluster(JobRun.Controllers);
        cluster.Create(JobObjects.Manifest("job", 4, 4, j =>
            {
                (j.Spec.CompletionMode, j.Spec.BackoffLimitPerIndex) = ("Indexed", 1);
                j.Spec.PodFailurePolicy = new()
                {
                    Rules =
                    [
                        new()
                        {
                            Action = "FailIndex",
                            OnExitCodes = new() { OperatorProperty = "In", Values = [42] },
                        },
                    ],
                };
            }));
        cluster.Run(1);
        foreach (var pod in cluster.Active())
        {
            var index = int.Parse(pod.Metadata.Annotations["batch.kubernetes.io/job-completion-index"]);
            Assert.True(cluster.End(pod, good: index % 2 == 1, exitCode: 42));
        }
        cluster.Run(60);
        var job = cluster.Job();
        Assert.Equal(
            ("1,3", "0,2", 2, 2),
            (job.Status.CompletedIndexes, job.Status.FailedIndexes, job.Status.Succeeded, job.Status.Failed)
        );
        Assert.Equal((("True", "FailedIndexes"), 4), (job.Condition("Failed"), cluster.PodsOf().Count));
    }

    [Fact]
    public async Task Containers_that_run_again_in_their_pods_are_no_failures_of_the_job()
    {
        await using var cluster = new TestCluster(JobRun.Controllers);
        cluster.Create(
            JobObjects.Manifest("job", 4, 2, j => (j.Spec.BackoffLimit, j.Spec.Template.Spec.RestartPolicy) = (10, "OnFailure"))
        );
        for (var ended = 0; ended < 4; ended++)
        {
            cluster.Run(1);
            var pod = cluster.Active()[0];
            cluster.Change<V1Pod>(
                pod.Metadata.Name,
                p =>
                    p.Status = new()
                    {
                        Phase = "Running",
                        ContainerStatuses =
                        [
                            new()
                            {
                                Name = "main",
                                Image = "",
                                ImageID = "",
                                RestartCount = 1,
                                State = new() { Running = new() },
                                LastState = new() { Terminated = new() { ExitCode = 1 } },
                            },
                        ],
                    },
                status: true
            );
            cluster.Run(30);
            Assert.Contains(cluster.Active(), p => p.Metadata.Uid == pod.Metadata.Uid);
            Assert.True(cluster.End(pod));
        }
        cluster.Run(1);
        var job = cluster.Job();
        Assert.Equal((4, 0), (job.Status.Succeeded, job.Status.Failed ?? 0));
        Assert.Equal((("True", "CompletionsReached"), 4), (job.Condition("Complete"), cluster.PodsOf().Count));
    }

    [Fact]
    public async Task A_success_policy_ends_the_job_early()
    {
        await using var cluster = new TestCluster(JobRun.Controllers);
        cluster.Create(JobObjects.Manifest("job", 5, 5, j =>
            {
                j.Spec.CompletionMode = "Indexed";
                j.Spec.SuccessPolicy = new() { Rules = [new() { SucceededIndexes = "1-3", SucceededCount = 2 }] };
            }));
        cluster.Run(1);
        foreach (var pod in cluster.Active().Where(p => p.Metadata.Annotations["batch.kubernetes.io/job-completion-index"] is "1" or "3"))
        {
            cluster.End(pod);
        }
        cluster.Run(1);
        var job = cluster.Job();
        Assert.Equal(
            (("True", "SuccessPolicy"), ("True", "SuccessPolicy")),
            (job.Condition("SuccessCriteriaMet"), job.Condition("Complete"))
        );
        Assert.Equal(("1,3", 0), (job.Status.CompletedIndexes, job.Status.Failed ?? 0));
        Assert.Equal(2, cluster.PodsOf().Count);
    }

    [Fact]
    public async Task A_suspended_job_has_no_pods_until_it_is_resumed()
    {
        await using var cluster = new TestCluster(JobRun.Controllers);
        cluster.Create(JobObjects.Manifest("job", 4, 2, j => (j.Spec.Suspend, j.Spec.ActiveDeadlineSeconds) = (true, 30)));
        cluster.Run(60);
        Assert.Empty(cluster.PodsOf());
        Assert.Equal((("True", "JobSuspended"), null), (cluster.Job().Condition("Suspended"), cluster.Job().Status.StartTime));
        cluster.Change<V1Job>("job", j => j.Spec.Template.Spec.NodeSelector = new Dictionary<string, string> { ["zone"] = "a" });
        cluster.Change<V1Job>("job", j => j.Spec.Suspend = false);
        cluster.Run(1);
        Assert.All(cluster.Active(), p => Assert.Equal("a", p.Spec.NodeSelector["zone"]));
        Assert.Equal(("False", "JobResumed"), cluster.Job().Condition("Suspended"));
        cluster.Change<V1Job>("job", j => j.Spec.Suspend = true);
        cluster.Run(60);
        Assert.Empty(cluster.PodsOf());
        Assert.Equal(0, cluster.Job().Status.Failed ?? 0);
        cluster.Change<V1Job>("job", j => j.Spec.Suspend = false);
        cluster.Run(20);
        Assert.Equal(2, cluster.Active().Count);
        cluster.Run(15);
        Assert.Equal(("True", "DeadlineExceeded"), cluster.Job().Condition("Failed"));
        Assert.Empty(cluster.PodsOf());
        Assert.Equal(
            ["Resumed", "Suspended"],
            cluster
                .List<Corev1Event>()
                .Select(e => e.Reason)
                .Where(r => r is "Resumed" or "Suspended")
                .Distinct()
                .Order(StringComparer.Ordinal)
        );
    }

    [Fact]
    public async Task A_job_of_another_controller_is_left_alone()
    {
        await using var cluster = new TestCluster(JobRun.Controllers);
        cluster.Create(JobObjects.Manifest("job", change: j => j.Spec.ManagedBy = "example.com/queue"));
        cluster.Create(JobObjects.Manifest("mine", change: j => j.Spec.ManagedBy = "kubernetes.io/job-controller"));
        cluster.Run(5);
        Assert.Empty(cluster.PodsOf());
        Assert.Null(cluster.Job().Status.StartTime);
        Assert.Single(cluster.Active("mine"));
    }

    [Fact]
    public async Task A_finished_job_is_deleted_with_its_pods_when_its_time_is_over()
    {
        await using var cluster = new TestCluster(context => [.. JobRun.Controllers(context), new GarbageCollector(context)]);
        cluster.Create(JobObjects.Manifest("job", change: j => j.Spec.TtlSecondsAfterFinished = 100));
        cluster.Run(1);
        cluster.End(Assert.Single(cluster.Active()));
        cluster.Run(95);
        Assert.True(cluster.Job().IsOver());
        cluster.Run(15);
        Assert.Null(cluster.Find<V1Job>("job"));
        Assert.Empty(cluster.PodsOf());
    }

    [Theory]
    [InlineData("Background")]
    [InlineData("Foreground")]
    [InlineData("Orphan")]
    public async Task The_pods_of_a_deleted_job_keep_no_finalizer(string policy)
    {
        await using var cluster = new TestCluster(context => [.. JobRun.Controllers(context), new GarbageCollector(context)]);
        cluster.Create(JobObjects.Manifest("job", 3, 3));
        cluster.Run(5);
        cluster.End(cluster.Active()[0]);
        cluster.Do(
            async (user, stop) => await user.DeleteAsync<V1Job>(new ObjectKey("default", "job"), new() { PropagationPolicy = policy }, stop)
        );
        cluster.Run(10);
        Assert.Null(cluster.Find<V1Job>("job"));
        Assert.Equal(policy == "Orphan" ? 3 : 0, cluster.PodsOf().Count);
        Assert.All(cluster.PodsOf(), p => Assert.Empty(p.Metadata.Finalizers ?? []));
    }

    [Fact]
    public async Task Pods_that_are_waited_for_are_replaced_only_when_they_have_ended()
    {
        await using var cluster = new TestCluster(JobRun.Controllers);
        cluster.Create(JobObjects.Manifest("job", change: j => j.Spec.PodReplacementPolicy = "Failed"));
        cluster.Run(1);
        var pod = Assert.Single(cluster.Active());
        Assert.True(cluster.Delete(pod));
        cluster.Run(30);
        Assert.Empty(cluster.Active());
        Assert.Equal((1, 0, 0), (cluster.Job().Status.Terminating, cluster.Job().Status.Active ?? 0, cluster.Job().Status.Failed ?? 0));
        cluster.Change<V1Pod>(pod.Metadata.Name, p => p.Status.Phase = "Failed", status: true);
        cluster.Run(15);
        Assert.Single(cluster.Active());
        Assert.Equal((0, 1, 1), (cluster.Job().Status.Terminating, cluster.Job().Status.Active, cluster.Job().Status.Failed));
    }

    [Fact]
    public async Task Pods_are_counted_although_a_quota_forbids_new_ones()
    {
        await using var cluster = new TestCluster(context => [.. JobRun.Controllers(context), new QuotaController(context)]);
        cluster.Create(
            new V1ResourceQuota
            {
                Metadata = new() { Name = "few", NamespaceProperty = "default" },
                Spec = new() { Hard = new Dictionary<string, ResourceQuantity> { ["pods"] = new("1") } },
            }
        );
        cluster.Run(2);
        cluster.Create(JobObjects.Manifest("job", 3, 3));
        for (var ended = 1; ended <= 3; ended++)
        {
            cluster.Run(120);
            Assert.True(cluster.End(Assert.Single(cluster.Active())));
            cluster.Run(1);
            Assert.Equal(ended, cluster.Job().Status.Succeeded);
        }
        Assert.Contains(cluster.List<Corev1Event>(), e => e is { Type: "Warning", Reason: "FailedCreate" });
    }
}
