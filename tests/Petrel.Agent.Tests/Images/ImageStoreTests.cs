using System.Diagnostics;
using System.Formats.Tar;
using Petrel.Agent.Images;
using Petrel.Agent.Runtimes;
using Petrel.Model.Determinism;

namespace Petrel.Agent.Tests.Images;

public sealed class ImageStoreTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("petrel-images-");

    public ImageStoreTests() => Assert.SkipWhen(Environment.UserName != "root", "owners and devices of layers need root");

    public void Dispose()
    {
        if (_directory.Exists)
        {
            _directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task An_imported_image_is_found_by_short_name_full_name_id_and_digest()
    {
        using var store = NewStore();
        var image = Assert.Single(await store.ImportAsync(Plain().WriteLayout(PathOf("a"), "team/app:v1"), None));
        Assert.Equal(image.Id, store.Find("team/app:v1")!.Id);
        Assert.Equal(image.Id, store.Find("docker.io/team/app:v1")!.Id);
        Assert.Equal(image.Id, store.Find(image.Id)!.Id);
        Assert.Equal(image.Id, store.Find(image.References.Single(r => r.Contains('@')))!.Id);
        Assert.Null(store.Find("team/app"));
        Assert.Contains("docker.io/team/app:v1", image.References);
        Assert.Equal([image.Id], store.List().Select(i => i.Id));
        // Another process over the same directory sees it too.
        using var other = NewStore();
        Assert.Equal(image.Id, other.Find("team/app:v1")!.Id);
    }

    [Fact]
    public async Task A_tar_archive_of_a_layout_is_taken_as_the_layout_is()
    {
        using var store = NewStore();
        var layout = Plain().WriteLayout(PathOf("a"), "app");
        TarFile.CreateFromDirectory(layout, PathOf("app.tar"), includeBaseDirectory: false);
        Assert.Contains("docker.io/library/app:latest", Assert.Single(await store.ImportAsync(PathOf("app.tar"), None)).References);
        Assert.Equal("hello", File.ReadAllText(store.Load("app")!.Layers.Single() + "/etc/motd"));
    }

    [Fact]
    public async Task Layers_keep_links_modes_owners_and_deletions()
    {
        using var store = NewStore();
        var image = new TestImage { Cmd = ["x"] }
            .Layer(TestImage.File("gone", "x"), TestImage.Folder("full"), TestImage.File("full/old", "x"))
            .Layer(
                TestImage.File("bin/su", "x", 0x9ED),
                TestImage.HardLink("bin/su2", "bin/su"),
                TestImage.Link("etc/absolute", "/bin/su"),
                TestImage.File(".wh.gone", ""),
                TestImage.File("full/.wh..wh..opq", ""),
                new PaxTarEntry(TarEntryType.RegularFile, "owned") { Uid = 12, Gid = 34 }
            );
        await store.ImportAsync(image.WriteLayout(PathOf("a"), "app"), None);
        var top = store.Load("app")!.Layers[1];
        Assert.Equal((UnixFileMode)0x9ED, File.GetUnixFileMode(top + "/bin/su"));
        Assert.Equal("/bin/su", new FileInfo(top + "/etc/absolute").LinkTarget);
        Assert.Equal("2 12:34", $"{Stat(top + "/bin/su2", "%h")} {Stat(top + "/owned", "%u:%g")}");
        Assert.Equal("character special file 0,0", Stat(top + "/gone", "%F %t,%T"));
        Assert.Equal("y", Run("python3", "-c", $"import os; print(os.getxattr('{top}/full', 'trusted.overlay.opaque').decode())"));
    }

    [Theory]
    [InlineData("../outside")]
    [InlineData("a/../../outside")]
    public async Task An_entry_that_leads_outside_is_refused(string name)
    {
        using var store = NewStore();
        var layout = new TestImage().Layer(TestImage.File(name, "x")).WriteLayout(PathOf("a"), "evil");
        var error = await Assert.ThrowsAsync<RuntimeException>(() => store.ImportAsync(layout, None).AsTask());
        Assert.Contains("outside", error.Message, StringComparison.Ordinal);
        Assert.Null(store.Find("evil"));
    }

    [Fact]
    public async Task A_link_out_of_the_layer_is_followed_inside_of_it()
    {
        using var store = NewStore();
        var image = new TestImage().Layer(TestImage.Link("escape", PathOf("victim")), TestImage.File("escape/file", "x"));
        Directory.CreateDirectory(PathOf("victim"));
        await store.ImportAsync(image.WriteLayout(PathOf("a"), "evil"), None);
        Assert.Empty(Directory.GetFiles(PathOf("victim")));
    }

    [Fact]
    public async Task Damage_and_another_architecture_are_named()
    {
        using var store = NewStore();
        var layout = Plain().WriteLayout(PathOf("a"), "app");
        var blob = Directory.GetFiles(Path.Combine(layout, "blobs", "sha256"))[0];
        await File.AppendAllTextAsync(blob, " ");
        Assert.Contains(
            "digest mismatch",
            (await Assert.ThrowsAsync<RuntimeException>(() => store.ImportAsync(layout, None).AsTask())).Message,
            StringComparison.Ordinal
        );
        var foreign = new TestImage { Architecture = "s390x" }
            .Layer(TestImage.File("x", "x"))
            .WriteLayout(PathOf("b"), "app");
        Assert.Contains(
            "s390x",
            (await Assert.ThrowsAsync<RuntimeException>(() => store.ImportAsync(foreign, None).AsTask())).Message,
            StringComparison.Ordinal
        );
        Assert.Empty(store.List());
    }

    [Fact]
    public async Task A_docker_save_archive_is_taken()
    {
        Assert.SkipWhen(Oci.TestNode.Find("skopeo") is null, "skopeo is not installed");
        using var store = NewStore();
        Plain().WriteLayout(PathOf("a"), "latest");
        Run(
            "skopeo",
            "copy",
            "--insecure-policy",
            $"oci:{PathOf("a")}:latest",
            $"docker-archive:{PathOf("d.tar")}:docker.io/team/saved:v3"
        );
        await store.ImportAsync(PathOf("d.tar"), None);
        Assert.Equal("hello", File.ReadAllText(store.Load("team/saved:v3")!.Layers.Single() + "/etc/motd"));
    }

    [Fact]
    public async Task Stores_that_share_a_directory_import_the_same_image_at_once()
    {
        var layout = TestImage.Busybox().WriteLayout(PathOf("a"), "busybox");
        using var first = NewStore();
        using var second = NewStore();
        using var third = NewStore();
        await Task.WhenAll(new[] { first, second, third }.Select(s => s.ImportAsync(layout, None).AsTask()));
        Assert.Single(third.List());
        Assert.Empty(Directory.GetFileSystemEntries(PathOf("store/scratch")));
    }

    [Fact]
    public async Task What_a_dead_process_left_unfinished_is_removed_by_the_next()
    {
        NewStore().Dispose();
        Directory.CreateDirectory(PathOf("store/scratch/0123/layer"));
        await File.WriteAllTextAsync(PathOf("store/scratch/0123.lock"), "");
        using var store = NewStore();
        Assert.Empty(Directory.GetFileSystemEntries(PathOf("store/scratch")));
    }

    private static TestImage Plain() => new TestImage { Cmd = ["x"] }.Layer(TestImage.Folder("etc"), TestImage.File("etc/motd", "hello"));

    private string PathOf(string name) => Path.Combine(_directory.FullName, name);

    private ImageStore NewStore() =>
        new(PathOf("store"), new SeededEntropy((ulong)Random.Shared.NextInt64()), new RegistrySettings(), TimeProvider.System);

    private static string Stat(string path, string format) => Run("stat", "-c", format, path);

    internal static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(
            new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program}: {errors.Result}");
        return output.Trim();
    }
}
