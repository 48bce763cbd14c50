using System.Runtime.InteropServices;

namespace Petrel.Agent.Tests.Files;

/// <summary>
/// Files that nothing may touch, beside a directory that hostile programs control; and what such programs do with links. Dispose it to
/// remove both.
/// </summary>
internal sealed partial class Outside : IDisposable
{
    private const uint Exchange = 2;
    private const int CurrentDirectory = -100;
    private readonly string _top = Directory.CreateTempSubdirectory("petrel-confined-").FullName;
    private readonly string _before;

    public Outside()
    {
        Directory.CreateDirectory(Inside);
        Directory.CreateDirectory(System.IO.Path.Combine(Path, "sub"));
        File.WriteAllText(System.IO.Path.Combine(Path, "canary"), "alive");
        File.WriteAllText(System.IO.Path.Combine(Path, "sub", "canary"), "alive");
        _before = Describe();
    }

    public string Inside => System.IO.Path.Combine(_top, "inside");

    public string Path => System.IO.Path.Combine(_top, "outside");

    public string InsideOf(string name) => System.IO.Path.Combine(Inside, name);

    public void AssertUntouched() => Assert.Equal(_before, Describe());

    /// <summary>Exchanges two entries again and again until it is disposed.</summary>
    public static IDisposable ExchangeForever(string one, string other) =>
        new Attack(() => _ = RenameAt2(CurrentDirectory, one, CurrentDirectory, other, Exchange));

    /// <summary>Runs an action again and again on a thread of its own until it is disposed.</summary>
    public static IDisposable Forever(Action action) => new Attack(action);

    public void Dispose()
    {
        // Directory.Delete can't remove names that are not UTF-8.
        using var parent = Petrel.Agent.Files.ConfinedDirectory.Open(System.IO.Path.GetTempPath());
        parent.RemoveTree(System.IO.Path.GetFileName(_top));
    }

    // Everything that a write, a change of mode or owner, or a removal would change.
    private string Describe()
    {
        var lines = Directory
            .EnumerateFileSystemEntries(Path, "*", SearchOption.AllDirectories)
            .Append(Path)
            .Order(StringComparer.Ordinal)
            .Select(e =>
            {
                var status = Petrel.Agent.Files.FileStatus.OfTarget(e)!.Value;
                var content = File.Exists(e) ? File.ReadAllText(e) : "";
                return $"{e} {status.Type} {status.Mode} {status.User} {status.Group} {File.GetLastWriteTimeUtc(e).Ticks} {content}";
            });
        return string.Join('\n', lines);
    }

    [LibraryImport("libc", EntryPoint = "renameat2", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RenameAt2(int oldDirectory, string oldPath, int newDirectory, string newPath, uint flags);

    private sealed class Attack : IDisposable
    {
        private readonly Thread _thread;
        private volatile bool _ended;

        public Attack(Action action)
        {
            _thread = new Thread(() =>
            {
                while (!_ended)
                {
                    action();
                }
            });
            _thread.Start();
        }

        public void Dispose()
        {
            _ended = true;
            _thread.Join();
        }
    }
}
