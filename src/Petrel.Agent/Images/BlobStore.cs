using System.Buffers;
using System.Security.Cryptography;
using Petrel.Model.Determinism;

namespace Petrel.Agent.Images;

/// <summary>
/// Files named by the SHA-256 of their content, in the layout that OCI prescribes (<c>blobs/sha256/…</c>), and the scratch space in
/// which they are written. Several processes may share the directory: a blob appears under its digest by rename, complete.
/// </summary>
internal sealed class BlobStore
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
    private readonly string _blobs;
    private readonly string _scratch;
    private readonly IEntropy _entropy;

    public BlobStore(string root, IEntropy entropy)
    {
        _blobs = Path.Combine(root, "blobs", "sha256");
        _scratch = Path.Combine(root, "scratch");
        _entropy = entropy;
        Directory.CreateDirectory(_blobs);
        Directory.CreateDirectory(_scratch);
        RemoveAbandonedScratch();
    }

    /// <summary>The file of a digest, whether it exists or not.</summary>
    /// <exception cref="InvalidDataException">The digest is not a SHA-256 one.</exception>
    public string PathOf(string digest) => Path.Combine(_blobs, Hex(digest));

    public bool Contains(string digest) => File.Exists(PathOf(digest));

    public byte[] Read(string digest) => File.ReadAllBytes(PathOf(digest));

    /// <summary>The 64 hexadecimal digits of a <c>sha256:</c> digest.</summary>
    public static string Hex(string digest)
    {
        const string prefix = "sha256:";
        return
            digest.StartsWith(prefix, StringComparison.Ordinal)
            && digest.Length == prefix.Length + 64
            && digest.AsSpan(prefix.Length).IndexOfAnyExcept(HexDigits) < 0
            ? digest[prefix.Length..]
            : throw new InvalidDataException($"'{digest}' is not a digest: expected sha256: and 64 hexadecimal digits");
    }

    public static string DigestOf(ReadOnlySpan<byte> content) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));

    /// <summary>Stores small content and returns its digest.</summary>
    public string Put(byte[] content)
    {
        var digest = DigestOf(content);
        if (!Contains(digest))
        {
            using var scratch = NewScratch();
            var file = Path.Combine(scratch.Directory, "blob");
            File.WriteAllBytes(file, content);
            File.Move(file, PathOf(digest), overwrite: true);
        }
        return digest;
    }

    /// <summary>Stores a file of the scratch space under its digest, which is computed and, when given, compared.</summary>
    /// <exception cref="InvalidDataException">The content has another digest.</exception>
    public async ValueTask<string> AdoptAsync(string file, string? expected, CancellationToken cancellationToken)
    {
        string digest;
        await using (var stream = File.OpenRead(file))
        {
            digest = "sha256:" + Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
        }
        if (expected is not null && digest != expected)
        {
            throw new InvalidDataException($"digest mismatch: expected {expected}, got {digest}");
        }
        File.Move(file, PathOf(digest), overwrite: true);
        return digest;
    }

    /// <summary>A private directory. It is removed when disposed; one of a dead process is removed by the next process.</summary>
    public Scratch NewScratch()
    {
        var directory = Path.Combine(_scratch, _entropy.NextUInt64().ToString("x16"));
        var held = new FileStream(directory + ".lock", FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        Directory.CreateDirectory(directory);
        return new Scratch(directory, held);
    }

    // A live process holds a lock on its scratch directory. The kernel releases the lock of a dead one.
    private void RemoveAbandonedScratch()
    {
        foreach (var path in Directory.EnumerateFiles(_scratch, "*.lock"))
        {
            try
            {
                using var held = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
                new Scratch(path[..^".lock".Length], held).Dispose();
            }
            catch (IOException)
            {
                // Another process uses it, or removed it first.
            }
        }
    }

    public sealed class Scratch(string directory, FileStream held) : IDisposable
    {
        public string Directory { get; } = directory;

        public void Dispose()
        {
            if (System.IO.Directory.Exists(Directory))
            {
                System.IO.Directory.Delete(Directory, recursive: true);
            }
            File.Delete(held.Name);
            held.Dispose();
        }
    }
}
