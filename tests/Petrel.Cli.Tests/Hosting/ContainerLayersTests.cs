using Petrel.Cli.Hosting;

namespace Petrel.Cli.Tests.Hosting;

public sealed class ContainerLayersTests
{
    private static readonly string[] Mounts =
    [
        "21 1 0:20 / / rw,relatime shared:1 - overlay overlay rw,lowerdir=/a,upperdir=/b",
        "22 21 0:21 / /var/lib/data rw - ext4 /dev/sda1 rw",
        "23 21 0:22 / /with\\040space rw shared:2 master:1 - tmpfs tmpfs rw",
        "24 22 0:23 / /var/lib/data/node/containers rw - tmpfs petrel-containers rw",
    ];

    [Theory]
    [InlineData("/var/lib/petrel", "overlay")]
    [InlineData("/var/lib/data/node", "ext4")]
    [InlineData("/var/lib/database", "overlay")]
    [InlineData("/var/lib/data/node/containers", "tmpfs")]
    [InlineData("/with space/x", "tmpfs")]
    public void The_file_system_is_that_of_the_innermost_mount(string path, string type)
    {
        Assert.Equal(type, ContainerLayers.FileSystemOf(Mounts, path));
    }
}
