using System.Security.Cryptography;
using Petrel.Store.Sqlite;
using static Petrel.Store.Tests.Kv;

namespace Petrel.Store.Tests.Integrity;

/// <summary>The files of a store that was written, copied while it is open (a crash) or after it is closed.</summary>
internal sealed class StoreFiles(string path)
{
    private static readonly string[] Suffixes = ["", "-wal", "-anchor"];

    public string Path { get; } = path;

    /// <summary>The name of each file, and its content.</summary>
    public Dictionary<string, byte[]> Content { get; } = [];

    /// <summary>All that the store holds, as lines.</summary>
    public IReadOnlyList<string> Lines { get; private set; } = [];

    /// <summary>Writes a store with a compacted past, deletions, empty and large values, and copies its files.</summary>
    public static async Task<StoreFiles> WriteAsync(TemporaryDirectory directory, bool closed, int seed = 1)
    {
        var source = directory.File($"source-{closed}-{seed}.db");
        var random = new Random(seed);
        var files = new StoreFiles(directory.File($"copy-{closed}-{seed}.db"));
        var store = SqliteStore.Open(source);
        for (var i = 0; i < 120; i++)
        {
            await store.Commit(Set($"k{random.Next(40)}", new string((char)('a' + i % 26), random.Next(900))), Set($"n{i}", $"{i}"));
            if (i % 30 == 29)
            {
                await store.Commit(Delete($"n{i - 3}"), Set("large", new string('L', 9000)), Set("empty", ""));
                await store.CompactAsync(store.CurrentRevision - 10, default);
            }
        }
        files.Lines = await Describe(store);
        if (!closed)
        {
            files.CopyFrom(source);
        }
        await store.DisposeAsync();
        if (closed)
        {
            files.CopyFrom(source);
        }
        return files;
    }

    public static async Task<List<string>> Describe(IRevisionedStore store)
    {
        var changes = await store.ChangesUpTo("", store.CompactedRevision, store.CurrentRevision);
        return
        [
            $"{store.CompactedRevision} {store.CurrentRevision}",
            .. (await store.Range("")).Lines(),
            .. changes.Select(c => $"{c.Key} {c.Revision} {c.Value.Text()} {c.PreviousValue.Text()}"),
        ];
    }

    /// <summary>Writes the files, with the given ones in place of their own.</summary>
    public void Lay(params (string Name, byte[]? Content)[] others)
    {
        foreach (var suffix in Suffixes)
        {
            var content = others.Any(o => o.Name == suffix)
                ? others.Single(o => o.Name == suffix).Content
                : Content.GetValueOrDefault(suffix);
            File.Delete(Path + suffix);
            if (content is not null)
            {
                File.WriteAllBytes(Path + suffix, content);
            }
        }
    }

    /// <summary>A checksum of the files as they lie there.</summary>
    public string Fingerprint() =>
        string.Join(
            ' ',
            // An empty log is as good as none.
            Suffixes.Select(s =>
                new FileInfo(Path + s) is { Exists: true, Length: > 0 }
                    ? Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path + s)))
                    : "none"
            )
        );

    private void CopyFrom(string source)
    {
        foreach (var suffix in Suffixes.Where(s => File.Exists(source + s)))
        {
            using var file = new FileStream(source + suffix, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var content = new byte[file.Length];
            file.ReadExactly(content);
            Content[suffix] = content;
        }
    }
}
