using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Jobs;
using Petrel.Faults.Links;
using Petrel.Model.Determinism;
using Petrel.Simulation.Network;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.Jobs;

/// <summary>The counts of Jobs are exact, with lost messages and crashes between any two steps.</summary>
public sealed class JobCountingTests
{
    public static TheoryData<int> Instants => [.. Enumerable.Range(1, 40)];

    [Theory]
    [MemberData(nameof(Instants))]
    public async Task A_controller_that_crashes_at_any_moment_counts_each_pod_once(int milliseconds)
    {
        await using var cluster = Start(seed: 7, JobObjects.Manifest("job", 4, 4, j => j.Spec.BackoffLimit = 10));
        cluster.Run(1);
        EndAll(cluster);
        cluster.Run(milliseconds / 1000.0);
        cluster.RestartControllers();
        AssertCountedOnce(cluster);
    }

    [Theory]
    [MemberData(nameof(Instants))]
    public async Task Lost_answers_at_any_moment_do_not_count_a_pod_twice(int milliseconds)
    {
        await using var cluster = Start(seed: 8, JobObjects.Manifest("job", 4, 4, j => j.Spec.BackoffLimit = 10));
        cluster.Run(1);
        EndAll(cluster);
        cluster.Run(milliseconds / 1000.0);
        cluster.Network.SetConditions(new() { AnswerLoss = 1 });
        cluster.Run(0.010);
        cluster.Network.SetConditions(LinkConditions.Good);
        AssertCountedOnce(cluster);
    }

    public static TheoryData<ulong> Seeds => [.. Enumerable.Range(1, 15).Select(i => (ulong)i)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Counts_are_exact_after_random_ends_deletions_lost_messages_and_restarts(ulong seed)
    {
        var entropy = new SeededEntropy(seed);
        var (completions, parallelism) = (3 + entropy.Next(10), 1 + entropy.Next(4));
        await using var cluster = Start(seed, JobObjects.Manifest("job", completions, parallelism, j => j.Spec.BackoffLimit = 1000));
        SortedDictionary<string, bool> ends = []; // by uid: whether it succeeded
        for (var step = 0; step < 5000 && !cluster.Job().IsOver(); step++)
        {
            var faults = step < 300;
            cluster.Network.SetConditions(
                faults
                    ? new()
                    {
                        RequestLoss = 0.03,
                        AnswerLoss = 0.03,
                        StreamCut = 0.02,
                    }
                    : LinkConditions.Good
            );
            cluster.Run(faults ? 0.2 : 5);
            if (faults && entropy.Next(20) == 0)
            {
                cluster.RestartControllers();
            }
            var active = cluster.Active();
            Assert.InRange(active.Count, 0, parallelism);
            foreach (var pod in active)
            {
                switch (entropy.Next(12))
                {
                    case < 4 when cluster.End(pod):
                        ends.Add(pod.Metadata.Uid, true);
                        break;
                    case 4 when cluster.End(pod, good: false):
                    case 5 when cluster.Delete(pod):
                        ends.Add(pod.Metadata.Uid, false);
                        break;
                }
            }
        }
        cluster.Run(30);
        var status = cluster.Job().Status;
        Assert.Equal(("True", "CompletionsReached"), cluster.Job().Condition("Complete"));
        Assert.Equal((completions, completions), (status.Succeeded, ends.Values.Count(good => good)));
        Assert.Equal(ends.Values.Count(good => !good), status.Failed ?? 0);
        Assert.Equal((0, 0, 0), (status.Active ?? 0, status.Terminating ?? 0, status.UncountedTerminatedPods?.Failed?.Count ?? 0));
        Assert.All(cluster.PodsOf(), p => Assert.Empty(p.Metadata.Finalizers ?? []));
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task Random_runs_of_indexed_jobs_complete_each_index_once(ulong seed)
    {
        var entropy = new SeededEntropy(seed + 1000);
        var (completions, parallelism) = (3 + entropy.Next(10), 1 + entropy.Next(4));
        await using var cluster = Start(
            seed,
            JobObjects.Manifest("job", completions, parallelism, j => (j.Spec.CompletionMode, j.Spec.BackoffLimitPerIndex) = ("Indexed", 2))
        );
        SortedDictionary<string, (int Index, bool Good)> ends = [];
        for (var step = 0; step < 5000 && !cluster.Job().IsOver(); step++)
        {
            var faults = step < 300;
            cluster.Network.SetConditions(
                faults
                    ? new()
                    {
                        RequestLoss = 0.03,
                        AnswerLoss = 0.03,
                        StreamCut = 0.02,
                    }
                    : LinkConditions.Good
            );
            cluster.Run(faults ? 0.2 : 5);
            if (faults && entropy.Next(20) == 0)
            {
                cluster.RestartControllers();
            }
            var active = cluster.Active();
            Assert.InRange(active.Count, 0, parallelism);
            Assert.Equal(active.Count, active.Select(Index).Distinct().Count());
            foreach (var pod in active)
            {
                var good = entropy.Next(2) == 0;
                if (entropy.Next(3) == 0 && cluster.End(pod, good))
                {
                    ends.Add(pod.Metadata.Uid, (Index(pod), good));
                }
            }
        }
        cluster.Run(30);
        var job = cluster.Job();
        var successes = ends.Values.Where(e => e.Good).Select(e => e.Index).Order().ToList();
        var failures = ends.Values.Where(e => !e.Good).ToLookup(e => e.Index);
        Assert.Equal(successes.Distinct(), successes);
        Assert.Equal(
            successes,
            Petrel.Controllers.Jobs.IndexRanges.Parse(job.Status.CompletedIndexes, completions) is var done
                ? Enumerable.Range(0, completions).Where(done.Contains)
                : []
        );
        Assert.All(failures, f => Assert.InRange(f.Count(), 1, 3));
        var lost = Petrel.Controllers.Jobs.IndexRanges.Parse(job.Status.FailedIndexes, completions);
        Assert.Equal(failures.Where(f => f.Count() == 3).Select(f => f.Key).Order(), Enumerable.Range(0, completions).Where(lost.Contains));
        Assert.Equal((successes.Count, ends.Values.Count(e => !e.Good)), (job.Status.Succeeded ?? 0, job.Status.Failed ?? 0));
        Assert.True(job.IsOver());
    }

    private static int Index(V1Pod pod) => int.Parse(pod.Metadata.Annotations["batch.kubernetes.io/job-completion-index"]);

    private static TestCluster Start(ulong seed, V1Job job)
    {
        var cluster = new TestCluster(new(), JobRun.Controllers, seed, overNetwork: true);
        cluster.Create(job);
        return cluster;
    }

    // Of four pods, one keeps running, one fails, one is deleted and one succeeds.
    private static void EndAll(TestCluster cluster)
    {
        var pods = cluster.Active();
        Assert.Equal(4, pods.Count);
        Assert.True(cluster.End(pods[1], good: false));
        Assert.True(cluster.Delete(pods[2]));
        Assert.True(cluster.End(pods[3]));
    }

    private static void AssertCountedOnce(TestCluster cluster)
    {
        cluster.Run(60);
        var status = cluster.Job().Status;
        Assert.Equal((1, 2, 3), (status.Succeeded, status.Failed, status.Active));
        Assert.Null(status.UncountedTerminatedPods?.Succeeded);
        Assert.Equal(3, cluster.Active().Count);
    }
}
