using k8s.Models;
using Petrel.Controllers.Jobs;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.Jobs;

/// <summary>Jobs and their pods as the API returns them, for tests of plans.</summary>
internal static class JobObjects
{
    public const string Finalizer = "batch.kubernetes.io/job-tracking";

    public static DateTimeOffset Now { get; } = new(2026, 1, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>A job as a user writes it.</summary>
    public static V1Job Manifest(string name, int? completions = 1, int parallelism = 1, Action<V1Job>? change = null)
    {
        var job = new V1Job
        {
            ApiVersion = "batch/v1",
            Kind = "Job",
            Metadata = new() { Name = name, NamespaceProperty = "default" },
            Spec = new()
            {
                Completions = completions,
                Parallelism = parallelism,
                Template = new()
                {
                    Spec = new() { RestartPolicy = "Never", Containers = [new() { Name = "main", Image = "worker:1" }] },
                },
            },
        };
        change?.Invoke(job);
        return job;
    }

    /// <summary>The same as the API stores it, started an hour ago.</summary>
    public static V1Job Job(int? completions = 1, int parallelism = 1, Action<V1Job>? change = null) =>
        Manifest("job", completions, parallelism, job =>
        {
            job.Metadata.Uid = "job-uid";
            job.Metadata.Generation = 1;
            job.Spec.Selector = new()
            {
                MatchLabels = new Dictionary<string, string> { ["batch.kubernetes.io/controller-uid"] = "job-uid" },
            };
            job.Spec.Template.Metadata = new() { Labels = new Dictionary<string, string>(job.Spec.Selector.MatchLabels) };
            job.Spec.BackoffLimit = 6;
            job.Spec.CompletionMode = "NonIndexed";
            job.Spec.PodReplacementPolicy = "TerminatingOrFailed";
            job.Status = new()
            {
                StartTime = Now.AddHours(-1).UtcDateTime,
                Ready = 0,
                Terminating = 0,
                UncountedTerminatedPods = new(),
            };
            change?.Invoke(job);
        });

    /// <summary>An indexed job as the API stores it.</summary>
    public static V1Job Indexed(int completions, int parallelism, Action<V1Job>? change = null) => Job(completions, parallelism, job =>
        {
            job.Spec.CompletionMode = "Indexed";
            change?.Invoke(job);
        });

    /// <summary>A pod of the job, with the finalizer.</summary>
    public static V1Pod Pod(string name, string phase = "Running", int? index = null, Action<V1Pod>? change = null)
    {
        var pod = new V1Pod
        {
            Metadata = new()
            {
                Name = name,
                NamespaceProperty = "default",
                Uid = "uid-" + name,
                Labels = new Dictionary<string, string> { ["batch.kubernetes.io/controller-uid"] = "job-uid" },
                Annotations = new Dictionary<string, string>(),
                Finalizers = [Finalizer],
                CreationTimestamp = Now.AddMinutes(-30).UtcDateTime,
                OwnerReferences =
                [
                    new()
                    {
                        ApiVersion = "batch/v1",
                        Kind = "Job",
                        Name = "job",
                        Uid = "job-uid",
                        Controller = true,
                    },
                ],
            },
            Spec = new() { Containers = [new() { Name = "main", Image = "worker:1" }] },
            Status = new() { Phase = phase },
        };
        if (index is { } number)
        {
            pod.Metadata.Annotations["batch.kubernetes.io/job-completion-index"] = $"{number}";
        }
        change?.Invoke(pod);
        return pod;
    }

    /// <summary>Makes the pod one that ended with an exit code, a while ago.</summary>
    public static Action<V1Pod> Exit(int code, double secondsAgo = 1000) =>
        pod =>
            pod.Status.ContainerStatuses = [
                new()
                {
                    Name = "main",
                    Image = "",
                    ImageID = "",
                    State = new()
                    {
                        Terminated = new() { ExitCode = code, FinishedAt = Now.AddSeconds(-secondsAgo).UtcDateTime },
                    },
                },
            ];

    public static void Untracked(V1Pod pod) => pod.Metadata.Finalizers = null;

    public static void Deleted(V1Pod pod) => pod.Metadata.DeletionTimestamp = Now.AddSeconds(-5).UtcDateTime;
}
