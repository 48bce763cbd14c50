using System.Buffers;
using System.Security.Cryptography;
using Petrel.Agent.Files;
using Petrel.Model.Determinism;

namespace Petrel.Agent.Images;

/// <summary>
/// Content-addressed files, named by their SHA-256 digest in the OCI layout (<c>blobs/sha256/…</c>), and the scratch space in which they
/// are written. Several processes may share the directory, because a complete blob is renamed to its digest.
/// </summary>
internal sealed class BlobStore
{
    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");
    private readonly string _blobs;
    private readonly string _scratch;
    private readonly IEntropy _entropy;

    private readonly int _documentLimit;

    /// <param name="root">The directory of the store.</param>
    /// <param name="entropy">The source of random names.</param>
    /// <param name="documentLimit">The largest blob that <see cref="Read"/> returns.</param>
    public BlobStore(string root, IEntropy entropy, int documentLimit)
    {
        _documentLimit = documentLimit;
        _blobs = Path.Combine(root, "blobs", "sha256");
        _scratch = Path.Combine(root, "scratch");
        _entropy = entropy;
        Directory.CreateDirectory(_blobs);
        Directory.CreateDirectory(_scratch);
        RemoveAbandonedScratch();
    }

    /// <summary>The path of the blob with this digest. The file may not exist.</summary>
    /// <exception cref="InvalidDataException">The digest is not a SHA-256 digest.</exception>
    public string PathOf(string digest) => Path.Combine(_blobs, Hex(digest));

    public bool Contains(string digest) => File.Exists(PathOf(digest));

    /// <summary>Reads a document, such as a manifest.</summary>
    /// <exception cref="InvalidDataException">The blob is too large for a document.</exception>
    public byte[] Read(string digest)
    {
        using var blobs = ConfinedDirectory.Open(_blobs);
        using var file = blobs.TryOpenFile(Hex(digest)) ?? throw new FileNotFoundException($"there is no blob {digest}");
        if (file.Length > _documentLimit)
        {
            throw new InvalidDataException($"{digest} has {file.Length} bytes; a manifest or configuration has at most {_documentLimit}");
        }
        var content = new byte[file.Length];
        file.ReadExactly(content);
        return content;
    }

    /// <summary>Returns the 64 hexadecimal digits of a <c>sha256:</c> digest.</summary>
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

    /// <summary>
    /// Moves a scratch file into the store under its computed digest, which must equal <paramref name="expected"/> unless that is null.
    /// </summary>
    /// <exception cref="InvalidDataException">The digest of the content differs from the expected digest.</exception>
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

    /// <summary>
    /// Creates a private directory, which is removed on disposal. If this process dies first, the next process removes it.
    /// </summary>
    public Scratch NewScratch()
    {
        var directory = Path.Combine(_scratch, _entropy.NextUInt64().ToString("x16"));
        var held = new FileStream(directory + ".lock", FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        Directory.CreateDirectory(directory);
        return new Scratch(directory, held);
    }

    // A live process holds a lock on its scratch directory. The kernel releases the lock when the process dies.
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
                // Another process is using the directory or has already removed it.
            }
        }
    }

    public sealed class Scratch(string directory, FileStream held) : IDisposable
    {
        public string Directory { get; } = directory;

        public void Dispose()
        {
            // A layer may have names that are not UTF-8, which Directory.Delete can't remove.
            using var parent = ConfinedDirectory.Open(Path.GetDirectoryName(Directory)!);
            parent.RemoveTree(Path.GetFileName(Directory));
            File.Delete(held.Name);
            held.Dispose();
        }
    }
}
