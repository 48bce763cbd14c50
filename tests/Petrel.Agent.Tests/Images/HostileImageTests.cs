using System.Formats.Tar;
using Petrel.Agent.Files;
using Petrel.Agent.Images;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Tests.Files;
using Petrel.Model.Determinism;

namespace Petrel.Agent.Tests.Images;

/// <summary>Images whose layers try to write outside, to take more than they may, or to change how layers are mounted.</summary>
public sealed class HostileImageTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly Outside _outside = new();

    public HostileImageTests() => Assert.SkipWhen(Environment.UserName != "root", "owners and devices of layers need root");

    [Fact]
    public async Task Links_in_a_layer_resolve_inside_of_it_for_every_type_of_entry()
    {
        var layer = await UnpackAsync(
            TestImage.Link("out", _outside.Path),
            TestImage.Link("up", "../../../../../../../../.." + _outside.Path),
            TestImage.File("out/file", "x"),
            TestImage.Folder("up/sub/made"),
            TestImage.Link("out/link", "/etc/passwd"),
            TestImage.File("out/.wh.canary", ""),
            TestImage.File("up/sub/.wh..wh..opq", ""),
            TestImage.HardLink("stolen", "out/canary"),
            TestImage.Folder("/absolute"),
            new PaxTarEntry(TarEntryType.Fifo, "out/pipe"),
            new PaxTarEntry(TarEntryType.CharacterDevice, "up/null") { DeviceMajor = 1, DeviceMinor = 3 }
        );

        using var directory = ConfinedDirectory.Open(layer);
        var inside = _outside.Path.TrimStart('/');
        Assert.Equal("x"u8, directory.TryRead($"{inside}/file", 10)!);
        // The hard link is one to the whiteout in the layer.
        Assert.Equal(FileType.CharacterDevice, directory.StatusOf("stolen")!.Value.Type);
        Assert.Equal(FileType.Fifo, directory.StatusOf($"{inside}/pipe")!.Value.Type);
        Assert.Equal((1u, 3u), directory.StatusOf($"{inside}/null")!.Value.Special);
        Assert.Equal(FileType.Directory, directory.StatusOf("absolute")!.Value.Type);
        _outside.AssertUntouched();
    }

    [Theory]
    [InlineData("../x", "leads outside of the layer")]
    [InlineData("a/../../x", "leads outside of the layer")]
    [InlineData("a/.wh...", "is a whiteout of no entry")]
    [InlineData("a/.wh..", "is a whiteout of no entry")]
    [InlineData(".wh.", "is a whiteout of no entry")]
    [InlineData(".", "would replace the layer's root")]
    public async Task Names_that_stand_for_other_directories_are_refused(string name, string message)
    {
        var refused = await Assert.ThrowsAsync<RuntimeException>(() => UnpackAsync(TestImage.File(name, "x")));
        Assert.Equal("ErrImagePull", refused.Reason);
        Assert.EndsWith($"layer entry '{name}' {message}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hard_link_to_what_is_outside_of_the_layer_is_refused()
    {
        var refused = await Assert.ThrowsAsync<RuntimeException>(() =>
            UnpackAsync(TestImage.HardLink("stolen", _outside.Path + "/canary"))
        );
        Assert.EndsWith("which is not in the layer", refused.Message, StringComparison.Ordinal);
        _outside.AssertUntouched();
    }

    [Fact]
    public async Task A_layer_that_unpacks_to_more_than_the_limit_is_refused()
    {
        var limits = new ImageLimits { LayerBytes = 1 << 20 };
        Assert.NotNull(await UnpackAsync(limits, TestImage.File("small", new string('x', 1000))));
        var refused = await Assert.ThrowsAsync<RuntimeException>(() =>
            UnpackAsync(limits, TestImage.File("zeros", new string('\0', 2 << 20)))
        );
        Assert.EndsWith("the unpacked layer is larger than 1048576 bytes", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_outside.InsideOf("store/scratch")));
    }

    [Fact]
    public async Task A_layer_with_more_entries_than_the_limit_is_refused()
    {
        var files = Enumerable.Range(0, 11).Select(i => TestImage.File($"f{i}", "")).ToArray();
        var refused = await Assert.ThrowsAsync<RuntimeException>(() => UnpackAsync(new ImageLimits { LayerEntries = 10 }, files));
        Assert.EndsWith("the layer has more than 10 entries", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_larger_than_the_limit_is_not_read()
    {
        var refused = await Assert.ThrowsAsync<RuntimeException>(() =>
            UnpackAsync(new ImageLimits { DocumentBytes = 50 }, TestImage.File("x", ""))
        );
        Assert.EndsWith("a manifest or configuration has at most 50", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Attributes_that_change_the_mount_of_the_layers_are_left_out()
    {
        var entry = new PaxTarEntry(
            TarEntryType.Directory,
            "dir",
            new Dictionary<string, string>
            {
                ["SCHILY.xattr.trusted.overlay.redirect"] = "/other",
                ["SCHILY.xattr.trusted.overlay.opaque"] = "y",
                ["SCHILY.xattr.user.overlay.opaque"] = "y",
                ["SCHILY.xattr.user.kept"] = "yes",
            }
        );

        var layer = await UnpackAsync(entry);

        using var top = ConfinedDirectory.Open(layer);
        using var directory = top.OpenDirectory("dir");
        string[] names = ["trusted.overlay.redirect", "trusted.overlay.opaque", "user.overlay.opaque"];
        Assert.DoesNotContain(names, directory.HasAttribute);
    }

    [Fact]
    public void A_pipe_or_a_link_out_in_place_of_the_images_passwd_does_not_hold_up_or_mislead_the_node()
    {
        Directory.CreateDirectory(_outside.InsideOf("etc"));
        File.CreateSymbolicLink(_outside.InsideOf("etc/group"), _outside.Path + "/canary");
        using (var root = ConfinedDirectory.Open(_outside.Inside))
        {
            Assert.Equal(0, Resolve().Uid);
            root.CreateNode("etc/passwd", FileType.Fifo, 0x1B6);
        }
        var refused = Assert.Throws<RuntimeException>(Resolve);
        Assert.Equal("CreateContainerError", refused.Reason);
        Assert.EndsWith("/etc/passwd is not a regular file", refused.Message, StringComparison.Ordinal);

        Petrel.Agent.Runtimes.Oci.ImageUser Resolve() =>
            Petrel.Agent.Runtimes.Oci.ImageUser.Resolve(_outside.Inside, "", new ContainerSecurity());
    }

    public void Dispose() => _outside.Dispose();

    private Task<string> UnpackAsync(params TarEntry[] entries) => UnpackAsync(new ImageLimits(), entries);

    private async Task<string> UnpackAsync(ImageLimits limits, params TarEntry[] entries)
    {
        var layout = _outside.InsideOf($"layout-{Guid.NewGuid()}");
        new TestImage { Cmd = ["x"] }
            .Layer(entries)
            .WriteLayout(layout, "evil");
        using var store = new ImageStore(
            _outside.InsideOf("store"),
            new SeededEntropy((ulong)Random.Shared.NextInt64()),
            new RegistrySettings(),
            TimeProvider.System,
            limits
        );
        await store.ImportAsync(layout, None);
        return store.Load("evil")!.Layers.Single();
    }
}
