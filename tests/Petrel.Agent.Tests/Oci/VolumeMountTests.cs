using k8s.Models;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Sources;
using Petrel.Agent.Volumes;

namespace Petrel.Agent.Tests.Oci;

/// <summary>The mounts of real containers, on volumes that an earlier container of the pod prepared.</summary>
public sealed class VolumeMountTests : IAsyncLifetime
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly V1Pod _pod = new()
    {
        Metadata = new()
        {
            Name = "web",
            NamespaceProperty = "default",
            Uid = "uid",
        },
    };

    private OciTestBed _bed = null!;
    private LinuxPodFiles _files = null!;

    public async ValueTask InitializeAsync()
    {
        _bed = await OciTestBed.StartAsync();
        _files = new LinuxPodFiles(_bed.PathOf("pods"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_files is not null)
        {
            await _files.UnmountAsync("uid", None);
        }
        await (_bed?.DisposeAsync() ?? default);
    }

    [Fact]
    public async Task A_link_to_the_node_is_refused_as_subPath_and_a_link_inside_the_volume_is_mounted()
    {
        var volumes = await EmptyDirAsync();
        await RunAsync(
            volumes,
            "ln -s / /v/root; ln -s /etc/hostname /v/file; ln -s ../../.. /v/up; mkdir /v/real; ln -s real /v/inner",
            new()
        );

        foreach (var link in (string[])["root", "file", "up", "root/etc"])
        {
            var refused = await Assert.ThrowsAsync<PodSourceException>(() => MountsAsync(volumes, new() { SubPath = link }));
            Assert.Equal("CreateContainerConfigError", refused.Reason);
            Assert.Equal("failed to prepare subPath for volumeMount \"data\" of container \"main\"", refused.Message);
        }
        Assert.Equal((0, "made"), await RunAsync(volumes, "touch /v/made; ls -A /v", new() { SubPath = "inner" }));
        Assert.True(File.Exists(Path.Combine(volumes.Volumes["data"].HostPath, "real", "made")));
    }

    [Theory]
    [InlineData("$(X)", "/", "error SubPath `/` must not be an absolute path")]
    [InlineData("$(X)", "/etc", "error SubPath `/etc` must not be an absolute path")]
    [InlineData("$(X)", "a/../../b", "unable to provision SubPath `a/../../b`: must not contain '..'")]
    [InlineData("$(X)", "", "missing value for X")]
    [InlineData("logs/$(Y)/$(Z)", "a", "missing value for Y, Z")]
    public async Task A_subPathExpr_that_leaves_the_volume_or_lacks_a_value_is_refused(string expression, string value, string message)
    {
        var volumes = await EmptyDirAsync();
        var refused = await Assert.ThrowsAsync<PodSourceException>(() => MountsAsync(volumes, new() { SubPathExpr = expression }, value));
        Assert.Equal(("CreateContainerConfigError", message), (refused.Reason, refused.Message));
    }

    [Fact]
    public async Task A_pinned_subPath_stays_the_same_directory_when_the_volume_changes_before_the_container_starts()
    {
        var volumes = await EmptyDirAsync();
        var path = volumes.Volumes["data"].HostPath;
        Directory.CreateDirectory(Path.Combine(path, "a"));
        var mounts = await MountsAsync(volumes, new() { SubPath = "a" });

        Directory.Move(Path.Combine(path, "a"), Path.Combine(path, "b"));
        File.CreateSymbolicLink(Path.Combine(path, "a"), "/etc");
        var (code, output) = await _bed.OutputOfAsync(_bed.Container("sh", "-c", "ls -A /v; touch /v/made") with { Mounts = mounts });

        Assert.Equal((0, ""), (code, output));
        Assert.True(File.Exists(Path.Combine(path, "b", "made")));
    }

    [Fact]
    public async Task A_missing_subPath_becomes_a_directory_with_the_volumes_mode_that_another_user_can_write()
    {
        var volumes = await EmptyDirAsync();
        var spec = new V1VolumeMount { SubPathExpr = "logs/$(X)" };
        var mounts = await MountsAsync(volumes, spec, "one");
        var container = _bed.Container("sh", "-c", "id -u; touch /v/made; stat -c %a /v") with
        {
            Mounts = mounts,
            Security = new() { RunAsUser = 1000 },
        };
        Assert.Equal((0, "1000\n777"), await _bed.OutputOfAsync(container));
        Assert.True(File.Exists(Path.Combine(volumes.Volumes["data"].HostPath, "logs", "one", "made")));
    }

    [Fact]
    public async Task A_missing_subPath_of_a_hostPath_is_created_with_the_mode_of_the_directory()
    {
        var host = _bed.PathOf("host");
        Directory.CreateDirectory(host);
        File.SetUnixFileMode(host, (UnixFileMode)0b111_101_000);
        var volumes = new PodVolumes(new Dictionary<string, VolumeSetup> { ["data"] = new(host) }, null);

        await RunAsync(volumes, "touch /v/made", new() { SubPath = "a/b" });

        Assert.True(File.Exists(Path.Combine(host, "a", "b", "made")));
        Assert.Equal((UnixFileMode)0b111_101_000, File.GetUnixFileMode(Path.Combine(host, "a")));
    }

    [Fact]
    public async Task A_config_volume_is_read_only_and_a_file_of_it_can_be_mounted_alone()
    {
        var path = await _files.WriteFilesAsync("uid", "data", [new("key", "value"u8.ToArray(), 0b110_100_100)], null, None);
        var volumes = new PodVolumes(new Dictionary<string, VolumeSetup> { ["data"] = new(path, ReadOnly: true) }, null);

        var (code, _) = await RunAsync(volumes, "cat /v/key; ln -s / /v/..2", new(), expected: 1);
        Assert.Equal(1, code);
        Assert.Equal((0, "value"), await RunAsync(volumes, "cat /v", new() { SubPath = "key" }));
    }

    [Fact]
    public async Task Pinned_subPaths_are_unmounted_and_removed_with_the_pod()
    {
        var volumes = await EmptyDirAsync();
        await MountsAsync(volumes, new() { SubPath = "a" });
        await MountsAsync(volumes, new() { SubPath = "b" });
        Assert.Single(Petrel.Agent.Files.MountCalls.Below(_bed.PathOf("pods")));

        await _files.UnmountAsync("uid", None);
        await _files.RemovePodAsync("default", "web", "uid", None);

        Assert.Empty(Petrel.Agent.Files.MountCalls.Below(_bed.PathOf("pods")));
        Assert.False(Path.Exists(_bed.PathOf("pods/pods/uid")));
    }

    private async Task<PodVolumes> EmptyDirAsync()
    {
        var path = await _files.EnsureDirectoryAsync("uid", "data", new(), None);
        return new(new Dictionary<string, VolumeSetup> { ["data"] = new(path) }, null);
    }

    private async Task<IReadOnlyList<Mount>> MountsAsync(PodVolumes volumes, V1VolumeMount mount, string x = "")
    {
        (mount.Name, mount.MountPath) = ("data", "/v");
        var container = new V1Container { Name = "main", VolumeMounts = [mount] };
        return await ContainerMounts.CreateAsync(_files, _pod, container, [new("X", x)], volumes, None);
    }

    private async Task<(int ExitCode, string Output)> RunAsync(PodVolumes volumes, string script, V1VolumeMount mount, int expected = 0)
    {
        var mounts = await MountsAsync(volumes, mount);
        var (code, output) = await _bed.OutputOfAsync(_bed.Container("sh", "-c", script) with { Mounts = mounts });
        Assert.Equal(expected, code);
        return (code, output);
    }
}
