using Petrel.Agent.Files;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Tests.Images;
using Petrel.Agent.Volumes;

namespace Petrel.Agent.Tests.Oci;

/// <summary>What real containers may do with their volumes: owners, modes, sizes, propagation and images.</summary>
public sealed class VolumeOwnershipTests : IAsyncLifetime
{
    private const ulong Shared = 1 << 20;
    private const int OwnerCanRead = 0b100_000_000;
    private static readonly CancellationToken None = CancellationToken.None;
    private OciTestBed _bed = null!;
    private LinuxPodFiles _files = null!;

    public async ValueTask InitializeAsync()
    {
        _bed = await OciTestBed.StartAsync();
        _files = new LinuxPodFiles(_bed.PathOf("pods"));
    }

    public async ValueTask DisposeAsync()
    {
        if (_bed is null)
        {
            return;
        }
        await _files.UnmountAsync("uid", None);
        MountCalls.RemoveBelow(_bed.Directory.FullName + "/host");
        await _bed.DisposeAsync();
    }

    [Fact]
    public async Task A_secret_that_only_its_owner_can_read_is_read_by_another_user_through_the_fsGroup()
    {
        var file = new VolumeFile("sub/key", "value"u8.ToArray(), OwnerCanRead);
        var plain = await _files.WriteFilesAsync("uid", "plain", [file], null, None);
        var shared = await _files.WriteFilesAsync("uid", "shared", [file], 2000, None);

        Assert.NotEqual(0, (await RunAsync(plain, "cat /v/sub/key")).ExitCode);
        Assert.Equal(
            (0, "value\n440 0:2000\n2755 0:2000"),
            await RunAsync(shared, "echo $(cat /v/sub/key); cd /v; stat -Lc '%a %u:%g' sub/key sub")
        );
    }

    [Fact]
    public async Task A_token_for_one_user_is_read_by_that_user_alone()
    {
        var token = new VolumeFile("token", "secret"u8.ToArray(), 0b110_000_000, User: 1000);
        var path = await _files.WriteFilesAsync("uid", "token", [token], null, None);
        Assert.Equal((0, "secret"), await RunAsync(path, "cat /v/token"));
        Assert.NotEqual(0, (await RunAsync(path, "cat /v/token", user: 1001)).ExitCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Files_in_an_emptyDir_belong_to_the_fsGroup(bool inMemory)
    {
        var path = await _files.EnsureDirectoryAsync("uid", "cache", new(inMemory, 1 << 20, 2000), None);
        Assert.Equal((0, "2777 2000\n2000"), await RunAsync(path, "stat -c '%a %g' /v; touch /v/made; stat -c %g /v/made"));

        var pinned = await _files.PinSubPathAsync("uid", new("cache", path, "main", 0, "a/b"), None);
        Assert.Equal((0, "2777 2000"), await RunAsync(pinned, "stat -c '%a %g' /v; touch /v/made"));
    }

    [Fact]
    public async Task An_emptyDir_in_memory_is_a_file_system_of_its_size()
    {
        var path = await _files.EnsureDirectoryAsync("uid", "cache", new(InMemory: true, SizeLimit: 1 << 20), None);
        var (code, output) = await RunAsync(path, "head -c 1000000 /dev/zero > /v/fits && head -c 200000 /dev/zero > /v/more");
        Assert.NotEqual(0, code);
        Assert.DoesNotContain("fits", output, StringComparison.Ordinal);
        Assert.Equal(1000000, new FileInfo(Path.Combine(path, "fits")).Length);

        // It is mounted once, also by the next agent.
        await new LinuxPodFiles(_bed.PathOf("pods")).EnsureDirectoryAsync("uid", "cache", new(true, 1 << 20), None);
        Assert.Single(File.ReadLines("/proc/self/mountinfo"), l => l.Contains(path, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_mount_of_the_node_appears_in_the_container_and_one_of_the_container_on_the_node_if_that_is_asked_for()
    {
        var host = SharedDirectory();
        var mount = new Mount(host, "/v", false);
        var toContainer = await StartAsync(mount with { Propagation = MountPropagation.HostToContainer });
        var closed = await StartAsync(mount);
        var both = await StartAsync(mount with { Propagation = MountPropagation.Bidirectional });

        MountCalls.Mount("tmpfs", host + "/node", "tmpfs", 0);
        File.WriteAllText(host + "/node/file", "");
        Assert.Equal("file", await _bed.ExecAsync(toContainer, "ls", "/v/node"));
        Assert.Equal("", await _bed.ExecAsync(closed, "ls", "/v/node"));

        await _bed.ExecAsync(both, "mount", "-t", "tmpfs", "tmpfs", "/v/container");
        Assert.Contains(host + "/container", MountCalls.Below(host));
        await _bed.ExecAsync(toContainer, "mount", "-t", "tmpfs", "tmpfs", "/v/own");
        Assert.DoesNotContain(host + "/own", MountCalls.Below(host));
        Assert.Equal([host, host + "/container", host + "/node"], MountCalls.Below(host));
    }

    [Fact]
    public async Task Propagation_from_a_mount_that_is_not_shared_is_refused()
    {
        Directory.CreateDirectory(_bed.PathOf("private"));
        MountCalls.Mount(_bed.PathOf("private"), _bed.PathOf("private"), "none", MountCalls.Bind);
        var mount = new Mount(_bed.PathOf("private"), "/v", false) { Propagation = MountPropagation.Bidirectional };
        var refused = await Assert.ThrowsAsync<RuntimeException>(() => StartAsync(mount));
        MountCalls.Remove(_bed.PathOf("private"));
        Assert.Equal("CreateContainerError", refused.Reason);
        Assert.Equal($"path \"{mount.HostPath}\" is mounted on \"{mount.HostPath}\" but it is not a shared mount", refused.Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public async Task The_files_of_an_image_are_a_volume_that_is_neither_written_nor_run(int layers)
    {
        var image = new TestImage { Cmd = ["x"] };
        for (var i = 0; i < layers; i++)
        {
            image.Layer(TestImage.Folder("data"), TestImage.File($"data/{i}", $"{i}"), TestImage.File("run", "#!/bin/sh\n", 0x1ED));
        }
        await _bed.Images.ImportAsync(image.WriteLayout(_bed.PathOf("data-image"), "example.com/data:1"), None);
        var path = await _files.EnsureDirectoryAsync("uid", "image", new(), None);
        await _bed.Runtime.MountImageAsync("example.com/data:1", path, None);
        await _bed.Runtime.MountImageAsync("example.com/data:1", path, None);

        var mount = new Mount(path, "/v", true) { NoExecute = true };
        var names = string.Join('\n', Enumerable.Range(0, layers));
        Assert.Equal((0, names), await RunAsync(mount, "ls /v/data"));
        Assert.NotEqual(0, (await RunAsync(mount, "touch /v/data/new")).ExitCode);
        Assert.NotEqual(0, (await RunAsync(mount, "/v/run")).ExitCode);

        await _files.UnmountAsync("uid", None);
        await _files.RemovePodAsync("default", "web", "uid", None);
        Assert.True(File.Exists(_bed.Images.Load("example.com/data:1")!.Layers[0] + "/data/0"));
    }

    private string SharedDirectory()
    {
        var host = _bed.PathOf("host");
        foreach (var name in (string[])["node", "container", "own"])
        {
            Directory.CreateDirectory(Path.Combine(host, name));
        }
        MountCalls.Mount(host, host, "none", MountCalls.Bind);
        MountCalls.Mount("none", host, "none", MountCalls.Private);
        MountCalls.Mount("none", host, "none", Shared);
        return host;
    }

    private async Task<string> StartAsync(Mount mount)
    {
        var spec = _bed.Container("sleep", "1000") with
        {
            Mounts = [mount],
            Security = new() { Privileged = true },
        };
        return (await _bed.RunAsync(spec)).Container;
    }

    private Task<(int ExitCode, string Output)> RunAsync(string path, string script, long user = 1000) =>
        RunAsync(new Mount(path, "/v", false), script, user);

    private Task<(int ExitCode, string Output)> RunAsync(Mount mount, string script, long user = 1000) =>
        _bed.OutputOfAsync(
            _bed.Container("sh", "-c", script) with
            {
                Mounts = [mount],
                Security = new() { RunAsUser = user, SupplementalGroups = [2000] },
            }
        );
}
