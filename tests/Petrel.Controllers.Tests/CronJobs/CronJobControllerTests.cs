using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.CronJobs;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Tests.Jobs;
using Petrel.Faults.Links;
using Petrel.Model;
using Petrel.Model.Determinism;
using Petrel.Simulation.Network;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.CronJobs;

public sealed class CronJobControllerTests
{
    [Fact]
    public async Task Each_minute_has_its_job_and_the_oldest_finished_ones_are_deleted()
    {
        await using var cluster = new TestCluster(Controllers);
        cluster.Create(CronJobObjects.Manifest("* * * * *"));
        for (var minute = 0; minute < 6; minute++)
        {
            cluster.Run(60);
            var active = Assert.Single(CronJob(cluster).Status.Active);
            Assert.Equal(("batch/v1", "Job"), (active.ApiVersion, active.Kind));
            Finish(cluster, active.Name);
            Assert.Null(CronJob(cluster).Status.Active);
            Assert.Equal(Math.Min(3, minute + 1), cluster.List<V1Job>().Count);
        }
        var minutes = cluster
            .List<Corev1Event>()
            .Where(e => e.Reason == "SuccessfulCreate" && e.InvolvedObject.Kind == "CronJob")
            .Select(e => e.Message)
            .ToList();
        Assert.Equal(6, minutes.Distinct().Count());
        var status = CronJob(cluster).Status;
        Assert.Equal(0, status.LastScheduleTime!.Value.Second);
        Assert.NotNull(status.LastSuccessfulTime);
        Assert.Equal(6, cluster.List<Corev1Event>().Count(e => e.Reason == "SawCompletedJob"));
        Assert.Equal(3, cluster.List<Corev1Event>().Count(e => e.Reason == "SuccessfulDelete"));
    }

    [Theory]
    [InlineData("Allow", 3, 3)]
    [InlineData("Forbid", 1, 1)]
    [InlineData("Replace", 1, 1)]
    public async Task The_concurrency_policy_decides_about_a_running_job(string policy, int jobs, int active)
    {
        await using var cluster = new TestCluster(Controllers);
        cluster.Create(CronJobObjects.Manifest("* * * * *", c => c.Spec.ConcurrencyPolicy = policy));
        cluster.Run(60);
        var first = Assert.Single(cluster.List<V1Job>()).Metadata.Name;
        cluster.Run(120);
        Assert.Equal((jobs, active), (cluster.List<V1Job>().Count, CronJob(cluster).Status.Active.Count));
        Assert.Equal(policy != "Replace", cluster.List<V1Job>().Any(j => j.Metadata.Name == first));
        Assert.Equal(policy == "Forbid", cluster.List<Corev1Event>().Any(e => e.Reason == "JobAlreadyActive"));
        Assert.Equal(
            policy == "Replace",
            cluster.List<Corev1Event>().Any(e => e.Reason == "SuccessfulDelete" && e.InvolvedObject.Kind == "CronJob")
        );
        Assert.DoesNotContain(cluster.List<Corev1Event>(), e => e.Reason is "MissingJob" or "UnexpectedJob");
        if (policy == "Forbid")
        {
            // Only the last of the times that were missed gets a Job.
            Finish(cluster, first);
            cluster.Run(1);
            Assert.Equal(2, cluster.List<V1Job>().Count);
        }
    }

    [Fact]
    public async Task Nothing_starts_while_it_is_suspended()
    {
        await using var cluster = new TestCluster(Controllers);
        cluster.Create(CronJobObjects.Manifest("* * * * *", c => (c.Spec.Suspend, c.Spec.StartingDeadlineSeconds) = (true, 30)));
        cluster.Run(645 - cluster.Now.Second);
        Assert.Empty(cluster.List<V1Job>());
        cluster.Change<V1CronJob>("tick", c => c.Spec.Suspend = false);
        cluster.Run(60);
        Assert.Single(cluster.List<V1Job>());
    }

    [Fact]
    public async Task A_minute_has_one_job_however_often_the_schedule_has_it()
    {
        await using var cluster = new TestCluster(Controllers);
        cluster.Create(CronJobObjects.Manifest("@every 7s"));
        cluster.Run(50);
        var first = Assert.Single(cluster.List<V1Job>()).Metadata.Name;
        Finish(cluster, first);
        cluster.Run(60);
        Assert.Equal(2, cluster.List<V1Job>().Select(j => j.Metadata.Name).Append(first).Distinct().Count());
    }

    [Fact]
    public async Task A_new_schedule_takes_effect_at_once()
    {
        await using var cluster = new TestCluster(Controllers);
        cluster.Create(CronJobObjects.Manifest("0 0 1 1 *"));
        cluster.Run(5);
        cluster.Change<V1CronJob>("tick", c => c.Spec.Schedule = "* * * * *");
        cluster.Run(60);
        Assert.Single(cluster.List<V1Job>());
    }

    [Fact]
    public async Task A_manually_created_job_is_reported_and_counts_towards_the_history()
    {
        await using var cluster = new TestCluster(Controllers);
        var cronJob = cluster.Create(CronJobObjects.Manifest("0 0 1 1 *"));
        cluster.Create(JobObjects.Manifest("manual", change: j => j.Metadata.OwnerReferences = [
                    new()
                    {
                        ApiVersion = "batch/v1",
                        Kind = "CronJob",
                        Name = "tick",
                        Uid = cronJob.Metadata.Uid,
                        Controller = true,
                    },
                ]));
        cluster.Run(5);
        Assert.Equal(
            "Saw a job that the controller did not create or forgot: manual",
            Assert.Single(cluster.List<Corev1Event>(), e => e.Reason == "UnexpectedJob").Message
        );
        Assert.Null(CronJob(cluster).Status.Active);
        Finish(cluster, "manual");
        Assert.NotNull(CronJob(cluster).Status.LastSuccessfulTime);
    }

    [Fact]
    public async Task A_job_that_is_deleted_leaves_the_status()
    {
        await using var cluster = new TestCluster(Controllers);
        cluster.Create(CronJobObjects.Manifest("0 * * * *", c => c.Spec.ConcurrencyPolicy = "Forbid"));
        cluster.Run(3600);
        var name = Assert.Single(CronJob(cluster).Status.Active).Name;
        cluster.Do(
            async (user, stop) =>
                await user.DeleteAsync<V1Job>(new ObjectKey("default", name), new() { PropagationPolicy = "Background" }, stop)
        );
        cluster.Run(1);
        Assert.Null(CronJob(cluster).Status.Active);
        Assert.Contains(cluster.List<Corev1Event>(), e => e.Reason == "MissingJob");
        Assert.Empty(cluster.List<V1Job>());
    }

    public static TheoryData<int> Instants => [.. Enumerable.Range(0, 20)];

    [Theory]
    [MemberData(nameof(Instants))]
    public async Task A_controller_that_crashes_around_a_start_creates_one_job_per_time(int twoMilliseconds)
    {
        await using var cluster = new TestCluster(new(), Controllers, seed: 3, overNetwork: true);
        cluster.Create(CronJobObjects.Manifest("* * * * *", c => c.Spec.ConcurrencyPolicy = "Forbid"));
        cluster.Run(60 - cluster.Now.Second - cluster.Now.Millisecond / 1000.0);
        cluster.Run(twoMilliseconds * 0.002);
        cluster.RestartControllers();
        cluster.Run(20);
        var job = Assert.Single(cluster.List<V1Job>());
        Assert.Equal(job.Metadata.Uid, Assert.Single(CronJob(cluster).Status.Active).Uid);
        cluster.Run(60);
        Assert.Single(cluster.List<V1Job>());
    }

    public static TheoryData<ulong> Seeds => [.. Enumerable.Range(1, 10).Select(i => (ulong)i)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task With_lost_messages_and_restarts_forbid_never_runs_two_jobs_and_no_time_has_two(ulong seed)
    {
        var entropy = new SeededEntropy(seed);
        await using var cluster = new TestCluster(new(), Controllers, seed, overNetwork: true);
        cluster.Create(
            CronJobObjects.Manifest("* * * * *", c => (c.Spec.ConcurrencyPolicy, c.Spec.SuccessfulJobsHistoryLimit) = ("Forbid", 1000))
        );
        HashSet<string> names = [];
        cluster.Network.SetConditions(
            new()
            {
                RequestLoss = 0.05,
                AnswerLoss = 0.05,
                StreamCut = 0.05,
            }
        );
        for (var step = 0; step < 120; step++)
        {
            cluster.Run(10);
            if (entropy.Next(10) == 0)
            {
                cluster.RestartControllers();
            }
            var running = cluster.List<V1Job>().Where(j => !j.IsOver()).ToList();
            Assert.InRange(running.Count, 0, 1);
            if (running.Count == 1 && entropy.Next(8) == 0)
            {
                Assert.True(names.Add(running[0].Metadata.Name));
                Finish(cluster, running[0].Metadata.Name);
            }
        }
        cluster.Network.SetConditions(LinkConditions.Good);
        cluster.Run(120);
        var status = CronJob(cluster).Status;
        var now = cluster.List<V1Job>().Where(j => !j.IsOver()).Select(j => j.Metadata.Uid);
        Assert.Equal(now, (status.Active ?? []).Select(a => a.Uid));
    }

    private static IController[] Controllers(ControllerContext context) => [new CronJobController(context)];

    private static V1CronJob CronJob(TestCluster cluster) => cluster.Find<V1CronJob>("tick")!;

    // Fakes the Job controller.
    private static void Finish(TestCluster cluster, string name)
    {
        var now = cluster.Now.UtcDateTime;
        cluster.Change<V1Job>(
            name,
            j =>
                j.Status = new()
                {
                    StartTime = now,
                    CompletionTime = now,
                    Conditions =
                    [
                        new()
                        {
                            Type = "SuccessCriteriaMet",
                            Status = "True",
                            LastTransitionTime = now,
                        },
                        new()
                        {
                            Type = "Complete",
                            Status = "True",
                            LastTransitionTime = now,
                        },
                    ],
                },
            status: true
        );
        cluster.Run(1);
    }
}
