using System.Text;
using Petrel.Agent.Files;
using Petrel.Agent.Tests.Files;
using Petrel.Agent.Volumes;

namespace Petrel.Agent.Tests.Volumes;

/// <summary>
/// Containers put links into their volumes at random moments while the agent sets the volumes up, mounts and removes them.
/// </summary>
public sealed class HostileVolumeTests : IDisposable
{
    private const int Rounds = 150;
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly Outside _outside = new();

    [Fact]
    public async Task A_generation_that_is_a_link_is_replaced_and_not_written_through()
    {
        var files = new LinuxPodFiles(_outside.Inside);
        var path = await files.WriteFilesAsync("uid", "config", [File("a", "1")], null, None);
        foreach (var planted in (string[])["..2", "..3", "..data_tmp", "a", "b", "..data"])
        {
            var entry = Path.Combine(path, planted);
            System.IO.File.Delete(entry);
            System.IO.File.CreateSymbolicLink(entry, _outside.Path);
        }

        await files.WriteFilesAsync("uid", "config", [File("a", "2"), File("b/c", "3")], null, None);

        Assert.Equal("2", System.IO.File.ReadAllText(Path.Combine(path, "a")));
        Assert.Equal("3", System.IO.File.ReadAllText(Path.Combine(path, "b", "c")));
        _outside.AssertUntouched();
    }

    [Theory]
    [InlineData("/etc/passwd", "invalid path: must be relative path: /etc/passwd")]
    [InlineData("../x", "invalid path: must not contain '..': ../x")]
    [InlineData("a/../../x", "invalid path: must not contain '..': a/../../x")]
    [InlineData("..data", "invalid path: must not start with '..': ..data")]
    [InlineData("", "invalid path: must not be empty: \"\"")]
    public async Task A_file_path_that_leaves_the_volume_is_refused_by_the_agent_too(string path, string message)
    {
        var files = new LinuxPodFiles(_outside.Inside);
        var refused = await Assert.ThrowsAsync<IOException>(() =>
            files.WriteFilesAsync("uid", "token", [File(path, "x")], null, None).AsTask()
        );
        Assert.Equal(message, refused.Message);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Links_planted_at_random_moments_never_lead_the_agent_out(int seed)
    {
        var files = new LinuxPodFiles(_outside.Inside);
        var attacker = new Random(seed);
        var agent = new Random(seed + 1000);
        var refused = 0;
        var volumes = _outside.InsideOf("pods/uid/volumes");
        using (Outside.Forever(() => Plant(attacker, volumes)))
        {
            for (var i = 0; i < Rounds; i++)
            {
                await TryAsync(() => WriteAsync(files, agent, i));
                await TryAsync(() => files.EnsureDirectoryAsync("uid", "cache", new(), None).AsTask());
                await TryAsync(async () =>
                {
                    var pinned = await files.PinSubPathAsync("uid", SubPath(agent), None);
                    if (!Environment.IsPrivilegedProcess)
                    {
                        return; // Without root, there is no mount that pins the path.
                    }
                    Assert.False(Path.Exists(Path.Combine(pinned, "canary")), pinned);
                    Assert.False(System.IO.File.Exists(pinned) && System.IO.File.ReadAllText(pinned) == "alive", pinned);
                });
                if (i % 10 == 9)
                {
                    await TryAsync(() => files.UnmountAsync("uid", None).AsTask());
                    await TryAsync(() => files.RemovePodAsync("default", "web", "uid", None).AsTask());
                }
            }
        }
        _outside.AssertUntouched();
        Assert.True(refused > 0, "no call met a planted link");

        // Afterwards, the agent repairs what the attack left.
        var path = await files.WriteFilesAsync("uid", "config", [File("a", "last"), File("sub/b", "too")], null, None);
        Assert.Equal("last", System.IO.File.ReadAllText(Path.Combine(path, "a")));
        Assert.Equal("too", System.IO.File.ReadAllText(Path.Combine(path, "sub", "b")));
        await files.UnmountAsync("uid", None);
        await files.RemovePodAsync("default", "web", "uid", None);
        Assert.False(Path.Exists(_outside.InsideOf("pods/uid")));
        _outside.AssertUntouched();

        async Task TryAsync(Func<Task> call)
        {
            try
            {
                await call();
            }
            catch (IOException)
            {
                refused++;
            }
        }
    }

    public void Dispose() => _outside.Dispose();

    private static async Task WriteAsync(LinuxPodFiles files, Random random, int round)
    {
        string[] paths = ["a", "sub/b", "sub/deep/c", "token"];
        var content = paths.Where(_ => random.Next(3) > 0).Select(p => File(p, $"{round}-{p}")).ToList();
        await files.WriteFilesAsync("uid", "config", content, random.Next(2) == 0 ? null : 4242, None);
    }

    private VolumeSubPath SubPath(Random random)
    {
        string[] paths = ["link", "sub", "sub/deep", "new/made", "a", "..data/a", "swap"];
        var volume = random.Next(2) == 0 ? "config" : "cache";
        var path = _outside.InsideOf($"pods/uid/volumes/{volume}");
        return new(volume, path, "main", random.Next(2), paths[random.Next(paths.Length)]);
    }

    // One action of a hostile container: it removes or moves an entry of a volume, or replaces it with a link.
    private void Plant(Random random, string volumes)
    {
        string[] names =
        [
            "a",
            "sub",
            "token",
            "link",
            "new",
            "swap",
            "..data",
            "..data_tmp",
            "..1",
            "..2",
            "..3",
            "..4",
            "sub/deep",
            "..data/sub",
            "..1/a",
            "..2/sub",
            "..3/sub/deep",
        ];
        string[] targets =
        [
            _outside.Path,
            Path.Combine(_outside.Path, "canary"),
            "../../../../outside",
            "../../../../outside/sub",
            ".",
            "a",
        ];
        var entry = names[random.Next(names.Length)];
        var target = targets[random.Next(targets.Length)];
        try
        {
            // The attack itself is confined too, like a container, for which a link leads to its own root.
            using var volume = ConfinedDirectory.Open(Path.Combine(volumes, random.Next(2) == 0 ? "config" : "cache"));
            switch (random.Next(4))
            {
                case 0:
                    volume.RemoveTree(entry);
                    volume.CreateSymbolicLink(entry, target);
                    break;
                case 1:
                    volume.Rename(entry, $"moved{random.Next(3)}");
                    volume.CreateSymbolicLink(entry, target);
                    break;
                case 2:
                    volume.CreateDirectory(entry, 0x1FF).Dispose();
                    break;
                default:
                    volume.CreateSymbolicLink(entry, target);
                    break;
            }
        }
        catch (IOException)
        {
            // The entry was missing, or it is there already.
        }
    }

    private static VolumeFile File(string path, string content) => new(path, Encoding.UTF8.GetBytes(content), 0b110_100_100);
}
