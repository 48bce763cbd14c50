using System.Text;
using Petrel.Agent.Files;
using Petrel.Agent.Runtimes;
using Petrel.Agent.Runtimes.Processes;
using Petrel.Agent.Tests.Oci;

namespace Petrel.Agent.Tests.Runtimes;

public sealed class ProgramFinderTests : IDisposable
{
    private const UnixFileMode Executable = (UnixFileMode)0x1ED;
    private static readonly string? Dynamic = TestNode.Find("env") is { } env && ElfFile.LoaderOf(env) is not null ? env : null;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("petrel-finder-");

    private string Root => _directory.FullName;

    [Fact]
    public async Task Commands_are_looked_up_along_the_images_path_and_only_inside_the_image()
    {
        Write("/usr/bin/tool", "static enough"u8);
        Write("/opt/tool", "static enough"u8);
        Write("/opt/plain", "no program"u8);
        File.SetUnixFileMode(Root + "/opt/plain", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        Assert.Equal(Root + "/opt/tool", (await FindAsync("tool")).Program);
        Assert.Equal(Root + "/usr/bin/tool", (await FindAsync("/usr/bin/tool")).Program);
        Assert.Equal(Root + "/usr/bin/tool", (await FindInAsync(Root + "/usr", "./bin/tool")).Program);
        foreach (var absent in (string[])["ls", "/bin/ls", "plain", "../../../../../../../../bin/ls/x"])
        {
            Assert.Equal("RunContainerError", (await Assert.ThrowsAsync<RuntimeException>(() => FindAsync(absent))).Reason);
        }
    }

    [Fact]
    public async Task A_script_is_run_by_the_images_interpreter_with_its_argument()
    {
        Write("/bin/interpreter", "static enough"u8);
        Write("/opt/script", "#! /bin/interpreter -x\nbody"u8);
        Write("/opt/hosts", "#!/no/such/interpreter\nbody"u8);
        var (program, arguments) = await FindAsync("script", "a", "b");
        Assert.Equal(Root + "/bin/interpreter", program);
        Assert.Equal(["-x", Root + "/opt/script", "a", "b"], arguments);
        Assert.Equal(Root + "/opt/hosts", (await FindAsync("hosts")).Program);
    }

    [Fact]
    public async Task A_dynamic_program_runs_as_it_is_when_the_host_has_its_libraries()
    {
        Assert.SkipWhen(Dynamic is null, "there is no dynamic program on this host");
        Write("/opt/mine", File.ReadAllBytes(Dynamic!));
        Assert.Equal(Root + "/opt/mine", (await FindAsync("mine")).Program);
    }

    [Fact]
    public async Task A_dynamic_program_of_another_system_is_replaced_by_the_hosts_or_run_by_its_own_loader_or_refused()
    {
        Assert.SkipWhen(Dynamic is null, "there is no dynamic program on this host");
        // The same program with the name of a loader that no host has.
        var loader = ElfFile.LoaderOf(Dynamic!)!;
        var foreign = loader[..^3] + "zz9";
        var text = Encoding.Latin1.GetString(File.ReadAllBytes(Dynamic!)).Replace(loader + "\0", foreign + "\0", StringComparison.Ordinal);
        Write("/opt/env", Encoding.Latin1.GetBytes(text));
        Write("/opt/unheard-of", Encoding.Latin1.GetBytes(text));
        Assert.Equal(foreign, ElfFile.LoaderOf(Root + "/opt/env"));
        Assert.Equal("env", Path.GetFileName((await FindAsync("env")).Program));
        Assert.DoesNotContain(Root, (await FindAsync("env")).Program, StringComparison.Ordinal);
        var refused = await Assert.ThrowsAsync<RuntimeException>(() => FindAsync("unheard-of"));
        Assert.Contains(foreign, refused.Message, StringComparison.Ordinal);

        Write(foreign, "a loader"u8);
        Directory.CreateDirectory(Root + "/usr/lib/x86_64-linux-gnu");
        var (program, arguments) = await FindAsync("unheard-of", "a");
        Assert.Equal(Root + foreign, program);
        Assert.Equal("--library-path", arguments[0]);
        Assert.Contains(Root + "/usr/lib/x86_64-linux-gnu", arguments[1].Split(':'));
        Assert.Equal([Root + "/opt/unheard-of", "a"], arguments.Skip(2));
    }

    [Fact]
    public void Layers_lie_over_one_another_and_links_stay_inside()
    {
        var (lower, upper, root) = (Root + "/lower", Root + "/upper", Root + "/root");
        foreach (var file in (string[])["keep/a", "gone/b", "emptied/c", "replaced", "dir/d"])
        {
            Write("/lower/" + file, "lower"u8);
        }
        foreach (var file in (string[])["keep/a2", "emptied/c2", "replaced/e", "dir2/f"])
        {
            Write("/upper/" + file, "upper"u8);
        }
        using (var directory = ConfinedDirectory.Open(upper))
        {
            directory.CreateNode("gone", FileType.CharacterDevice, 0);
            directory.SetAttribute("emptied", Environment.IsPrivilegedProcess ? "trusted.overlay.opaque" : "user.overlay.opaque", "y"u8);
        }
        File.CreateSymbolicLink(upper + "/dir", "/dir2");
        File.CreateSymbolicLink(upper + "/outside", "/../../etc/passwd");
        RootFileSystem.Build([lower, upper], root);
        Assert.Equal(
            ["dir", "dir2/f", "emptied/c2", "keep/a", "keep/a2", "outside", "replaced/e"],
            Files(root).Select(f => Path.GetRelativePath(root, f)).Order(StringComparer.Ordinal)
        );
        Assert.Equal(root + "/dir2", new FileInfo(root + "/dir").LinkTarget);
        Assert.Equal(root + "/etc/passwd", new FileInfo(root + "/outside").LinkTarget);
        File.WriteAllText(root + "/keep/a", "written");
        Assert.Equal("lower", File.ReadAllText(lower + "/keep/a"));

        Directory.CreateDirectory(Root + "/volume");
        var hidden = RootFileSystem.Link(
            root,
            [new(Root + "/volume", "/data", false), new(Root + "/volume", "/data/inner", false), new(Root + "/volume", "/keep/a", false)]
        );
        Assert.Equal("/data/inner", Assert.Single(hidden).ContainerPath);
        Assert.Empty(Directory.EnumerateFileSystemEntries(Root + "/volume"));
        Assert.Equal(Root + "/volume", new FileInfo(root + "/keep/a").LinkTarget);
        RootFileSystem.Delete(root);
        Assert.True(Directory.Exists(Root + "/volume"));
    }

    public void Dispose() => _directory.Delete(recursive: true);

    // Not through links.
    private static IEnumerable<string> Files(string folder) =>
        Directory
            .EnumerateFileSystemEntries(folder)
            .SelectMany(e => Directory.Exists(e) && new FileInfo(e).LinkTarget is null ? Files(e) : [e]);

    private void Write(string path, ReadOnlySpan<byte> content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Root + path)!);
        File.WriteAllBytes(Root + path, content);
        File.SetUnixFileMode(Root + path, Executable);
    }

    private Task<(string Program, IReadOnlyList<string> Arguments)> FindAsync(params string[] command) => FindInAsync(Root, command);

    private Task<(string Program, IReadOnlyList<string> Arguments)> FindInAsync(string directory, params string[] command) =>
        ProgramFinder.FindAsync(Root, directory, command, "/opt:/usr/bin", CancellationToken.None).AsTask();
}
