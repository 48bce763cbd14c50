using k8s.Models;

namespace Petrel.Agent.Tests.Pods;

/// <summary>Volumes that are measured, pulled or refused, in virtual time.</summary>
public sealed class PodVolumesTests : AgentTestBed
{
    [Fact]
    public void A_pod_whose_emptyDir_exceeds_its_limit_is_evicted()
    {
        VolumeSizes["cache"] = 1 << 20;
        Behaviours["main"] = new() { IgnoresTermination = true };
        Create(Pod("web", p =>
            {
                WithVolume(new() { EmptyDir = new() { SizeLimit = new("1Mi") } })(p);
                p.Spec.TerminationGracePeriodSeconds = 1000;
            }));
        Run(60);
        Assert.Equal("Running", Get<V1Pod>("web").Status.Phase);

        VolumeSizes["cache"]++;
        Run(15);

        var status = Get<V1Pod>("web").Status;
        Assert.Equal(("Failed", "Evicted"), (status.Phase, status.Reason));
        Assert.Equal("Usage of EmptyDir volume \"cache\" exceeds the limit \"1Mi\". ", status.Message);
        Assert.Contains("Evicted", Events("web"));
    }

    [Fact]
    public void The_limit_holds_in_memory_too_and_without_a_limit_nothing_is_measured()
    {
        VolumeSizes["cache"] = 1L << 40;
        Create(Pod("disk", WithVolume(new() { EmptyDir = new() })));
        Create(
            Pod(
                "memory",
                WithVolume(
                    new()
                    {
                        EmptyDir = new() { Medium = "Memory", SizeLimit = new("1Mi") },
                    }
                )
            )
        );
        Run(60);
        Assert.Equal("Running", Get<V1Pod>("disk").Status.Phase);
        Assert.Equal("Evicted", Get<V1Pod>("memory").Status.Reason);
    }

    [Fact]
    public void A_medium_that_the_node_lacks_is_named()
    {
        Create(Pod("web", WithVolume(new() { EmptyDir = new() { Medium = "HugePages" } })));
        Run(5);
        Assert.Equal("Pending", Get<V1Pod>("web").Status.Phase);
        Assert.Contains("FailedMount", Events("web"));
    }

    [Theory]
    [InlineData("IfNotPresent", "Running")]
    [InlineData("Always", "Running")]
    [InlineData("Never", "Pending")]
    public void The_image_of_a_volume_is_pulled_by_its_policy(string policy, string phase)
    {
        Create(
            Pod(
                "web",
                WithVolume(
                    new()
                    {
                        Image = new() { Reference = "example.com/data:1", PullPolicy = policy },
                    }
                )
            )
        );
        Run(10);
        Assert.Equal(phase, Get<V1Pod>("web").Status.Phase);
        Assert.Equal(phase == "Pending", Events("web").Contains("FailedMount"));
    }

    [Fact]
    public void A_pod_that_asks_for_users_of_its_own_does_not_run_as_a_user_of_the_node()
    {
        Create(Pod("web", p => p.Spec.HostUsers = false));
        Run(10);
        Assert.Equal("Pending", Get<V1Pod>("web").Status.Phase);
        Assert.Contains("FailedCreatePodSandBox", Events("web"));
    }

    private static Action<V1Pod> WithVolume(V1Volume volume) =>
        pod =>
        {
            volume.Name = "cache";
            pod.Spec.Volumes = [volume];
            pod.Spec.Containers[0].VolumeMounts = [new() { Name = "cache", MountPath = "/cache" }];
        };
}
