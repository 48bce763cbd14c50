using System.Text;
using Petrel.Agent.Volumes;

namespace Petrel.Agent.Tests.Volumes;

public sealed class LinuxPodFilesTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly string _root = Directory.CreateTempSubdirectory("petrel-volumes-").FullName;

    [Fact]
    public async Task A_volume_is_replaced_whole_and_files_that_are_no_more_vanish()
    {
        var files = new LinuxPodFiles(_root);
        var path = await files.WriteFilesAsync("uid", "config", [File("a", "1"), File("sub/b", "2")], null, None);
        Assert.Equal(["1", "2"], [Read(path, "a"), Read(path, "sub/b")]);

        Assert.Equal(path, await files.WriteFilesAsync("uid", "config", [File("a", "3")], null, None));

        Assert.Equal("3", Read(path, "a"));
        Assert.False(Path.Exists(Path.Combine(path, "sub")));
        Assert.Equal("..data/a", new FileInfo(Path.Combine(path, "a")).LinkTarget);
    }

    [Fact]
    public async Task Unchanged_files_are_left_as_they_are()
    {
        var files = new LinuxPodFiles(_root);
        var path = await files.WriteFilesAsync("uid", "config", [File("a", "1")], null, None);
        var data = new FileInfo(Path.Combine(path, "..data")).LinkTarget;

        await files.WriteFilesAsync("uid", "config", [File("a", "1")], null, None);

        Assert.Equal(data, new FileInfo(Path.Combine(path, "..data")).LinkTarget);
    }

    [Fact]
    public async Task An_empty_directory_keeps_what_was_written_until_the_pod_is_removed()
    {
        var files = new LinuxPodFiles(_root);
        var path = await files.EnsureDirectoryAsync("uid", "cache", new(), None);
        await System.IO.File.WriteAllTextAsync(Path.Combine(path, "kept"), "x", None);

        Assert.Equal(path, await files.EnsureDirectoryAsync("uid", "cache", new(), None));
        Assert.True(Path.Exists(Path.Combine(path, "kept")));

        await files.UnmountAsync("uid", None);
        await files.RemovePodAsync("default", "web", "uid", None);
        await files.UnmountAsync("uid", None);
        await files.RemovePodAsync("default", "web", "uid", None);
        Assert.False(Path.Exists(path));
    }

    public void Dispose() => Directory.Delete(_root, recursive: true);

    private static VolumeFile File(string path, string content) => new(path, Encoding.UTF8.GetBytes(content), 0b110_100_100);

    private static string Read(string volume, string path) => System.IO.File.ReadAllText(Path.Combine(volume, path));
}
