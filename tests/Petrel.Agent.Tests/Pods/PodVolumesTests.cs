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
    public void Volumes_with_content_from_the_API_are_read_only_whatever_the_mount_says()
    {
        Create(
            new V1ConfigMap
            {
                Metadata = new() { Name = "map", NamespaceProperty = "default" },
            }
        );
        Create(
            new V1Secret
            {
                Metadata = new() { Name = "secret", NamespaceProperty = "default" },
            }
        );
        V1Volume[] volumes =
        [
            new()
            {
                Name = "map",
                ConfigMap = new() { Name = "map" },
            },
            new()
            {
                Name = "secret",
                Secret = new() { SecretName = "secret" },
            },
            new() { Name = "fields", DownwardAPI = new() },
            new() { Name = "projected", Projected = new() },
            new()
            {
                Name = "image",
                Image = new() { Reference = "example.com/data:1" },
            },
            new() { Name = "empty", EmptyDir = new() },
        ];
        Create(Pod("web", p =>
            {
                p.Spec.Volumes = volumes;
                p.Spec.Containers[0].VolumeMounts =
                [
                    .. volumes.Select(v => new V1VolumeMount
                    {
                        Name = v.Name,
                        MountPath = "/" + v.Name,
                        ReadOnlyProperty = false,
                    }),
                ];
            }));
        Run(10);

        Assert.Equal(
            [("/map", true), ("/secret", true), ("/fields", true), ("/projected", true), ("/image", true), ("/empty", false)],
            Specs["main"].Mounts.Where(m => m.ContainerPath != "/dev/termination-log").Select(m => (m.ContainerPath, m.ReadOnly))
        );
        Assert.Equal("/image", Assert.Single(Specs["main"].Mounts, m => m.NoExecute).ContainerPath);
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
