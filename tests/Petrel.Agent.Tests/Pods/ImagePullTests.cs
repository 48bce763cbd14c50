using k8s.Models;
using Petrel.Agent.Runtimes;

namespace Petrel.Agent.Tests.Pods;

/// <summary>What a pod shows while its image can't be pulled.</summary>
public sealed class ImagePullTests : AgentTestBed
{
    private const string Away = "registry.test: connection refused";

    [Fact]
    public void A_pull_that_fails_shows_its_failure_then_its_back_off()
    {
        Runtime.PullProblem = new("ErrImagePull", Away);
        Create(Pod("web"));
        Run(3);
        Assert.Equal(("ErrImagePull", Away), Waiting("web"));
        Run(5);
        Assert.Equal(("ImagePullBackOff", $"Back-off pulling image \"web:1\": ErrImagePull: {Away}"), Waiting("web"));
        Assert.Equal(
            [
                "Pulling: Pulling image \"web:1\"",
                $"Failed: Failed to pull image \"web:1\": {Away}",
                "Failed: Error: ErrImagePull",
                "BackOff: Back-off pulling image \"web:1\"",
                "Failed: Error: ImagePullBackOff",
            ],
            EventTexts("web")
        );
        Runtime.PullProblem = null;
        Run(15);
        Assert.Equal("Running", Get<V1Pod>("web").Status.Phase);
    }

    [Fact]
    public void The_policy_Always_asks_the_registry_even_for_an_image_that_is_there()
    {
        Create(Pod("first"));
        Run(10);
        Assert.Equal("Running", Get<V1Pod>("first").Status.Phase);
        Runtime.PullProblem = new("ErrImagePull", Away);
        Create(Pod("always", p => p.Spec.Containers[0].ImagePullPolicy = "Always"));
        Create(Pod("present", p => p.Spec.Containers[0].ImagePullPolicy = "IfNotPresent"));
        Run(10);
        Assert.Equal("ImagePullBackOff", Waiting("always").Reason);
        Assert.Equal("Running", Get<V1Pod>("present").Status.Phase);
    }

    [Fact]
    public void A_pull_that_hangs_ends_with_the_pods_deletion_or_deadline()
    {
        Runtime.PullsHang = true;
        Create(Pod("deleted"));
        Create(Pod("late", p => p.Spec.ActiveDeadlineSeconds = 20));
        Run(10);
        Delete("deleted");
        Run(3);
        Assert.False(Exists("deleted"));
        Assert.Equal("Pending", Get<V1Pod>("late").Status.Phase);
        Run(10);
        Assert.Equal(("Failed", "DeadlineExceeded"), (Get<V1Pod>("late").Status.Phase, Get<V1Pod>("late").Status.Reason));
    }

    [Fact]
    public void The_policy_Never_names_the_missing_image()
    {
        Create(Pod("web", p => p.Spec.Containers[0].ImagePullPolicy = "Never"));
        Run(3);
        const string message = "Container image \"web:1\" is not present with pull policy of Never";
        Assert.Equal(("ErrImageNeverPull", message), Waiting("web"));
        Assert.Equal([$"ErrImageNeverPull: {message}", "Failed: Error: ErrImageNeverPull"], EventTexts("web")[..2]);
    }

    [Fact]
    public void A_malformed_name_is_told_as_such()
    {
        Runtime.FindProblem = new("InvalidImageName", "couldn't parse image name \"web:1\": invalid reference format");
        Create(Pod("web"));
        Run(3);
        Assert.Equal("InvalidImageName", Waiting("web").Reason);
        var events = EventTexts("web");
        Assert.Contains(
            "InspectFailed: Failed to apply default image tag \"web:1\": couldn't parse image name \"web:1\": invalid reference format",
            events
        );
        Assert.Contains("Failed: Error: InvalidImageName", events);
    }

    [Fact]
    public void Containers_of_a_pod_with_init_containers_wait_for_its_initialization()
    {
        Behaviours["one"] = new() { EndsAfter = TimeSpan.FromSeconds(1), ExitCode = 1 };
        Create(Pod("web", p => p.Spec.InitContainers = [new() { Name = "one", Image = "web:1" }, new() { Name = "two", Image = "web:1" }]));
        Run(15);
        var status = Get<V1Pod>("web").Status;
        Assert.Equal("CrashLoopBackOff", status.InitContainerStatuses[0].State.Waiting.Reason);
        Assert.Equal("PodInitializing", status.InitContainerStatuses[1].State.Waiting.Reason);
        Assert.Equal("PodInitializing", status.ContainerStatuses[0].State.Waiting.Reason);
    }

    [Fact]
    public void A_pod_past_its_deadline_says_so_in_an_event()
    {
        Create(Pod("job", p => p.Spec.ActiveDeadlineSeconds = 8));
        Run(15);
        Assert.Equal("DeadlineExceeded", Get<V1Pod>("job").Status.Reason);
        Assert.Contains("DeadlineExceeded: Pod was active on the node longer than the specified deadline", EventTexts("job"));
    }

    private (string Reason, string Message) Waiting(string pod)
    {
        var waiting = Assert.Single(Get<V1Pod>(pod).Status.ContainerStatuses).State.Waiting;
        return (waiting.Reason, waiting.Message);
    }
}
