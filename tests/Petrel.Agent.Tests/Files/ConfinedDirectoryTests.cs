using Petrel.Agent.Files;

namespace Petrel.Agent.Tests.Files;

public sealed class ConfinedDirectoryTests : IDisposable
{
    private const int Rounds = 5000;
    private readonly Outside _outside = new();

    [Theory]
    [InlineData("/etc/passwd", "'/etc/passwd' must be a relative path")]
    [InlineData("../outside/canary", "'../outside/canary' must not contain '..'")]
    [InlineData("a/../../outside", "'a/../../outside' must not contain '..'")]
    [InlineData("a\0b", "a file name contains a zero byte")]
    public void Paths_that_lead_out_are_refused_by_name(string path, string message)
    {
        using var directory = Open();
        Action[] calls =
        [
            () => directory.WriteFile(path, [], 0),
            () => directory.TryRead(path, 100),
            () => directory.EnsureDirectory(path, 0),
            () => directory.RemoveTree(path),
            () => directory.StatusOf(path),
            () => directory.CreateSymbolicLink(path, "x"),
        ];
        Assert.All(calls, call => Assert.Equal(message, Assert.Throws<IOException>(call).Message));
    }

    [Fact]
    public void A_link_in_a_path_is_refused_and_neither_read_nor_written_through()
    {
        File.CreateSymbolicLink(_outside.InsideOf("link"), _outside.Path);
        File.CreateSymbolicLink(_outside.InsideOf("file"), Path.Combine(_outside.Path, "canary"));
        using var directory = Open();

        Action[] calls =
        [
            () => directory.TryRead("link/canary", 100),
            () => directory.TryRead("file", 100),
            () => directory.WriteFile("link/new", "x"u8, 0),
            () => directory.WriteFile("file", "x"u8, 0),
            () => directory.OpenDirectory("link"),
            () => directory.EnsureDirectory("link/new", 0x1ED),
            () => directory.RemoveTree("link/canary"),
            () => directory.TryPin("link", Links.Beneath),
            () => directory.TryPin("file", Links.Beneath),
        ];

        Assert.All(calls, call => Assert.Throws<IOException>(call));
        directory.RemoveTree("link");
        directory.RemoveTree("file");
        Assert.Empty(directory.List());
        _outside.AssertUntouched();
    }

    [Fact]
    public void Links_beneath_the_directory_are_followed_where_that_is_asked_for()
    {
        Directory.CreateDirectory(_outside.InsideOf("a/b"));
        File.WriteAllText(_outside.InsideOf("a/b/text"), "found");
        File.CreateSymbolicLink(_outside.InsideOf("relative"), "a/b");
        File.CreateSymbolicLink(_outside.InsideOf("absolute"), "/a/b");
        File.CreateSymbolicLink(_outside.InsideOf("up"), "../../../a");
        using var directory = Open();

        Assert.Equal("found"u8, directory.TryRead("relative/text", 10, Links.Beneath)!);
        Assert.Equal("found"u8, directory.TryRead("absolute/text", 10, Links.InRoot)!);
        Assert.Equal("found"u8, directory.TryRead("/up/b/text", 10, Links.InRoot)!);
        Assert.Throws<IOException>(() => directory.TryRead("absolute/text", 10, Links.Beneath));
        Assert.Throws<IOException>(() => directory.TryRead("up/b/text", 10, Links.Beneath));
        Assert.Null(directory.TryRead("relative/missing", 10, Links.Beneath));
    }

    [Fact]
    public void Only_regular_files_of_a_bounded_size_are_read_and_a_pipe_does_not_block()
    {
        using var directory = Open();
        directory.CreateNode("pipe", FileType.Fifo, 0x1B6);
        directory.WriteFile("long", new byte[101], 0x1A4);

        Assert.EndsWith("pipe is not a regular file", Assert.Throws<IOException>(() => directory.TryRead("pipe", 100)).Message);
        Assert.EndsWith("long is larger than 100 bytes", Assert.Throws<IOException>(() => directory.TryRead("long", 100)).Message);
        Assert.Equal(101, directory.TryRead("long", 101)!.Length);
    }

    [Fact]
    public void Created_files_and_directories_have_their_mode_whatever_the_umask_is()
    {
        using var directory = Open();
        directory.EnsureDirectory("a/b", 0x1FF).Dispose();
        directory.WriteFile("a/b/file", "x"u8, 0x1B6);

        Assert.Equal([0x1FFu, 0x1FFu, 0x1B6u], ((string[])["a", "a/b", "a/b/file"]).Select(p => directory.StatusOf(p)!.Value.Mode));
        Assert.Throws<IOException>(() => directory.WriteFile("a/b/file", "y"u8, 0x1A4));
    }

    [Fact]
    public void A_tree_of_any_depth_with_any_names_is_removed_and_its_links_are_not_followed()
    {
        using var directory = Open();
        directory.EnsureDirectory("tree", 0x1ED).Dispose();
        var current = directory.OpenDirectory("tree");
        for (var i = 0; i < 3000; i++)
        {
            using var parent = current;
            parent.CreateSymbolicLink("out", _outside.Path);
            current = parent.EnsureDirectory("d", 0x1ED);
        }
        current.Dispose();
        Assert.Equal(0, SystemCalls.MakeDirectoryAt(SystemCalls.CurrentDirectory, InTree([0xFF, 0xFE, 0]), 0x1ED));

        directory.RemoveTree("tree");

        Assert.Empty(directory.List());
        _outside.AssertUntouched();

        byte[] InTree(byte[] name) => [.. System.Text.Encoding.UTF8.GetBytes(_outside.InsideOf("tree") + "/"), .. name];
    }

    [Fact]
    public void The_size_of_a_tree_counts_hard_links_once_and_names_that_are_not_UTF8()
    {
        using var directory = Open();
        var empty = directory.MeasureBytes();
        directory.EnsureDirectory("sub", 0x1ED).Dispose();
        var withDirectory = directory.MeasureBytes();
        directory.WriteFile("sub/big", new byte[1 << 20], 0x1A4);
        byte[] Name(byte[] name) => [.. System.Text.Encoding.UTF8.GetBytes(_outside.Inside + "/"), .. name, 0];
        Assert.Equal(
            0,
            SystemCalls.MakeHardLinkAt(
                SystemCalls.CurrentDirectory,
                Name([.. "sub/big"u8]),
                SystemCalls.CurrentDirectory,
                Name([.. "same"u8]),
                0
            )
        );
        Assert.InRange(directory.MeasureBytes() - withDirectory, 1 << 20, (1 << 20) + (64 << 10));

        Assert.Equal(0, SystemCalls.MakeDirectoryAt(SystemCalls.CurrentDirectory, Name([0xFF]), 0x1ED));
        var handle = SystemCalls.OpenAt(SystemCalls.CurrentDirectory, Name([0xFF, .. "/hidden"u8]), 0x41, 0x1A4);
        using (var file = new FileStream(new Microsoft.Win32.SafeHandles.SafeFileHandle(handle, true), FileAccess.Write))
        {
            file.Write(new byte[1 << 20]);
        }
        Assert.InRange(directory.MeasureBytes() - empty, 2 << 20, (2 << 20) + (128 << 10));
    }

    [Fact]
    public void Nothing_outside_is_touched_while_a_directory_and_a_link_are_exchanged()
    {
        Directory.CreateDirectory(_outside.InsideOf("swap/sub"));
        File.CreateSymbolicLink(_outside.InsideOf("link"), _outside.Path);
        using var directory = Open();
        var (done, refused) = (0, 0);
        using (Outside.ExchangeForever(_outside.InsideOf("swap"), _outside.InsideOf("link")))
        {
            for (var i = 0; i < Rounds; i++)
            {
                Try(() => directory.WriteFile($"swap/file{i}", "x"u8, 0x1B6, null, null));
                Try(() => directory.WriteFile($"swap/sub/file{i}", "x"u8, 0x1B6));
                Try(() => Assert.Null(directory.TryRead("swap/canary", 100)));
                Try(() => Assert.Null(directory.TryRead("swap/sub/canary", 100, Links.Beneath)));
                Try(() => directory.EnsureDirectory($"swap/made{i % 10}/deep", 0x1FF, Links.Beneath).Dispose());
                Try(() => directory.CreateSymbolicLink($"swap/link{i}", "x"));
                Try(() => directory.Rename($"swap/file{i}", $"swap/sub/renamed{i}"));
                Try(() => directory.RemoveTree($"swap/made{i % 10}"));
                Try(() => directory.RemoveTree("swap/canary"));
                Try(() =>
                {
                    using var pinned = directory.TryPin("swap", Links.Beneath);
                    Assert.False(pinned is not null && Path.Exists(ConfinedDirectory.PinnedPathOf(pinned) + "/canary"));
                });
            }
        }
        _outside.AssertUntouched();
        // The race was real: calls met the directory, and calls met the link.
        Assert.True(done > 0 && refused > 0, $"{done} done, {refused} refused");

        void Try(Action call)
        {
            try
            {
                call();
                done++;
            }
            catch (IOException)
            {
                refused++;
            }
        }
    }

    [Fact]
    public void Nothing_outside_is_removed_while_directories_of_a_removed_tree_become_links()
    {
        using var directory = Open();
        File.CreateSymbolicLink(_outside.InsideOf("link"), _outside.Path);
        Directory.CreateDirectory(_outside.InsideOf("tree"));
        var removed = 0;
        using (Outside.ExchangeForever(_outside.InsideOf("tree/swap"), _outside.InsideOf("link")))
        {
            for (var i = 0; i < Rounds / 5; i++)
            {
                try
                {
                    directory.EnsureDirectory("tree/swap/sub/deep", 0x1ED).Dispose();
                    directory.RemoveTree("tree");
                    removed++;
                    if (directory.StatusOf("link") is not { Type: FileType.SymbolicLink })
                    {
                        directory.RemoveTree("link");
                        directory.CreateSymbolicLink("link", _outside.Path);
                    }
                }
                catch (IOException)
                {
                    // The attack won this round.
                }
            }
        }
        Assert.True(removed > 0, "no tree was removed");
        _outside.AssertUntouched();
    }

    [Fact]
    public void Without_openat2_no_link_is_followed_while_it_is_exchanged()
    {
        Directory.CreateDirectory(_outside.InsideOf("swap/sub"));
        File.CreateSymbolicLink(_outside.InsideOf("link"), _outside.Path);
        using var directory = Open();
        var root = SystemCalls.OpenAt(SystemCalls.CurrentDirectory, SystemCalls.Name(_outside.Inside), SystemCalls.CloseOnExec, 0);
        var (opened, refused) = (0, 0);
        using (Outside.ExchangeForever(_outside.InsideOf("swap"), _outside.InsideOf("link")))
        {
            for (var i = 0; i < Rounds; i++)
            {
                var descriptor = ConfinedPath.OpenStepwise(root, ["swap", "sub"], SystemCalls.PathOnly, 0, oneFileSystem: false);
                if (descriptor < 0)
                {
                    Assert.True(SystemCalls.LastError is SystemCalls.TooManyLinks or SystemCalls.NotDirectory);
                    refused++;
                    continue;
                }
                Assert.Null(FileStatus.Read(descriptor, "canary\0"u8));
                _ = SystemCalls.Close(descriptor);
                opened++;
            }
        }
        Assert.Equal(-1, ConfinedPath.OpenStepwise(root, [".."], SystemCalls.PathOnly, 0, oneFileSystem: false));
        _ = SystemCalls.Close(root);
        Assert.True(opened > 0 && refused > 0, $"{opened} opened, {refused} refused");
    }

    public void Dispose() => _outside.Dispose();

    private ConfinedDirectory Open() => ConfinedDirectory.Open(_outside.Inside);
}
