using k8s.Models;
using Petrel.Agent.Volumes.Drivers;

namespace Petrel.Agent.Tests.Volumes;

public sealed class VolumeContentTests
{
    private const int Default = 0b110_100_100;
    private const int OwnerOnly = 0b110_000_000;

    [Theory]
    [InlineData(null, null, null, null, Default, null)]
    [InlineData(1000L, null, null, null, OwnerOnly, 1000L)]
    [InlineData(1000L, null, 1001L, 1001L, OwnerOnly, 1001L)]
    [InlineData(null, null, 1001L, null, Default, null)]
    [InlineData(1000L, null, 1001L, null, Default, null)]
    [InlineData(null, 2000L, null, null, OwnerOnly, null)]
    [InlineData(1000L, 2000L, 1001L, null, OwnerOnly, null)]
    public void A_token_belongs_to_the_one_user_of_all_containers(
        long? podUser,
        long? group,
        long? containerUser,
        long? initUser,
        int mode,
        long? owner
    )
    {
        var pod = new V1Pod
        {
            Spec = new()
            {
                SecurityContext = new() { RunAsUser = podUser, FsGroup = group },
                Containers =
                [
                    new()
                    {
                        Name = "main",
                        SecurityContext = new() { RunAsUser = containerUser },
                    },
                ],
                InitContainers =
                [
                    new()
                    {
                        Name = "init",
                        SecurityContext = new() { RunAsUser = initUser },
                    },
                ],
            },
        };

        var file = VolumeContent.OfToken(pod, "token", [1], Default);

        Assert.Equal((mode, owner), (file.Mode, file.User));
    }
}
