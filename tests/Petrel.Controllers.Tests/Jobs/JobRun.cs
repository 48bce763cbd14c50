using k8s.Models;
using Petrel.Client;
using Petrel.Controllers.Framework;
using Petrel.Controllers.Jobs;
using Petrel.Model;
using Petrel.Workloads;

namespace Petrel.Controllers.Tests.Jobs;

/// <summary>Jobs on the real API, with fake kubelets.</summary>
internal static class JobRun
{
    public static IController[] Controllers(ControllerContext context) =>
        [new JobController(context), new TtlAfterFinishedController(context)];

    public static V1Job Job(this TestCluster cluster, string name = "job") => cluster.Find<V1Job>(name)!;

    /// <summary>The existing pods, in the order of their names.</summary>
    public static List<V1Pod> PodsOf(this TestCluster cluster, string job = "job") =>
        [.. cluster.List<V1Pod>(labelSelector: $"job-name={job}")];

    /// <summary>The pods that run or will run.</summary>
    public static List<V1Pod> Active(this TestCluster cluster, string job = "job") => [.. cluster.PodsOf(job).Where(IsActive)];

    /// <summary>Fakes the kubelet: the pod ends, unless it has ended or was changed meanwhile. Returns whether it did.</summary>
    public static bool End(this TestCluster cluster, V1Pod pod, bool good = true, int exitCode = 1, Action<V1PodStatus>? change = null)
    {
        var done = false;
        cluster.Do(
            async (user, stop) =>
            {
                try
                {
                    var live = await user.GetAsync<V1Pod>(new ObjectKey("default", pod.Metadata.Name), stop);
                    if (live.Metadata.Uid != pod.Metadata.Uid || !IsActive(live))
                    {
                        return;
                    }
                    var end = new V1ContainerStateTerminated { ExitCode = good ? 0 : exitCode, FinishedAt = cluster.Now.UtcDateTime };
                    live.Status = new()
                    {
                        Phase = good ? "Succeeded" : "Failed",
                        ContainerStatuses =
                        [
                            new()
                            {
                                Name = "main",
                                Image = "",
                                ImageID = "",
                                State = new() { Terminated = end },
                            },
                        ],
                    };
                    change?.Invoke(live.Status);
                    await user.UpdateStatusAsync(live, stop);
                    done = true;
                }
                catch (ApiException e) when (e.IsConflict || e.IsNotFound)
                {
                    // Another request changed it first.
                }
            }
        );
        return done;
    }

    /// <summary>Deletes the pod if it is active. Returns whether it did.</summary>
    public static bool Delete(this TestCluster cluster, V1Pod pod)
    {
        var done = false;
        cluster.Do(
            async (user, stop) =>
            {
                var live = await user.FindAsync<V1Pod>(new ObjectKey("default", pod.Metadata.Name), stop);
                if (live is not null && IsActive(live))
                {
                    var options = new V1DeleteOptions
                    {
                        Preconditions = new() { Uid = pod.Metadata.Uid, ResourceVersion = live.Metadata.ResourceVersion },
                    };
                    done = await user.DeleteAsync<V1Pod>(new ObjectKey("default", pod.Metadata.Name), options, stop);
                }
            }
        );
        return done;
    }

    /// <summary>The condition's status and reason, or null.</summary>
    public static (string Status, string Reason)? Condition(this V1Job job, string type) =>
        job.Status.Conditions?.SingleOrDefault(c => c.Type == type) is { } condition ? (condition.Status, condition.Reason) : null;

    public static bool IsOver(this V1Job job) => job.Condition("Complete")?.Status == "True" || job.Condition("Failed")?.Status == "True";

    private static bool IsActive(V1Pod pod) => pod.Metadata.DeletionTimestamp is null && pod.Status?.Phase is not ("Succeeded" or "Failed");
}
