using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Petrel.Agent.Tests.Images;

/// <summary>Builds OCI image layouts for tests.</summary>
internal sealed class TestImage
{
    private readonly List<byte[]> _layers = [];
    private readonly List<string> _diffIds = [];

    public string[] Entrypoint { get; init; } = [];
    public string[] Cmd { get; init; } = [];
    public string[] Env { get; init; } = [];
    public string User { get; init; } = "";
    public string Architecture { get; init; } = RuntimeArchitecture;
    public bool Compressed { get; init; } = true;

    public static string RuntimeArchitecture =>
        System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64
            ? "arm64"
            : "amd64";

    public static TarEntry File(string name, string content, int mode = 0x1A4) =>
        new PaxTarEntry(TarEntryType.RegularFile, name)
        {
            DataStream = new MemoryStream(Encoding.UTF8.GetBytes(content)),
            Mode = (UnixFileMode)mode,
            ModificationTime = DateTimeOffset.UnixEpoch,
        };

    public static TarEntry Folder(string name, int mode = 0x1ED) =>
        new PaxTarEntry(TarEntryType.Directory, name) { Mode = (UnixFileMode)mode, ModificationTime = DateTimeOffset.UnixEpoch };

    public static TarEntry Link(string name, string target) =>
        new PaxTarEntry(TarEntryType.SymbolicLink, name) { LinkName = target, ModificationTime = DateTimeOffset.UnixEpoch };

    public static TarEntry HardLink(string name, string target) =>
        new PaxTarEntry(TarEntryType.HardLink, name) { LinkName = target, ModificationTime = DateTimeOffset.UnixEpoch };

    /// <summary>An image with the machine's static busybox.</summary>
    public static TestImage Busybox(string[]? command = null)
    {
        var image = new TestImage { Cmd = command ?? ["sh"], Env = ["PATH=/bin", "FROM_IMAGE=yes"] };
        List<TarEntry> entries = [Folder("bin"), Folder("etc"), Folder("tmp", 0x3FF), Folder("proc"), Folder("sys"), Folder("dev")];
        entries.Add(
            new PaxTarEntry(TarEntryType.RegularFile, "bin/busybox")
            {
                DataStream = new MemoryStream(System.IO.File.ReadAllBytes(Oci.TestNode.Find("busybox")!)),
                Mode = (UnixFileMode)0x1ED,
            }
        );
        foreach (
            var applet in (string[])
                [
                    "sh",
                    "echo",
                    "cat",
                    "sleep",
                    "id",
                    "ls",
                    "hostname",
                    "nc",
                    "wget",
                    "httpd",
                    "true",
                    "false",
                    "env",
                    "mount",
                    "touch",
                    "head",
                    "tail",
                    "dd",
                    "kill",
                    "ps",
                    "grep",
                    "trap",
                    "pwd",
                    "test",
                    "seq",
                ]
        )
        {
            entries.Add(Link("bin/" + applet, "busybox"));
        }
        entries.Add(File("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nweb:x:1000:1001:web:/home/web:/bin/sh\n"));
        entries.Add(File("etc/group", "root:x:0:\nweb:x:1001:\nextra:x:1002:web\n"));
        return image.Layer([.. entries]);
    }

    public TestImage Layer(params TarEntry[] entries)
    {
        var plain = new MemoryStream();
        using (var tar = new TarWriter(plain, leaveOpen: true))
        {
            foreach (var entry in entries)
            {
                tar.WriteEntry(entry);
            }
        }
        return RawLayer(plain.ToArray());
    }

    public TestImage RawLayer(byte[] plain)
    {
        _diffIds.Add(Digest(plain));
        if (Compressed)
        {
            var packed = new MemoryStream();
            using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            {
                gzip.Write(plain);
            }
            plain = packed.ToArray();
        }
        _layers.Add(plain);
        return this;
    }

    /// <summary>Writes the image as an OCI layout directory under a name.</summary>
    public string WriteLayout(string directory, string name)
    {
        var blobs = Path.Combine(directory, "blobs", "sha256");
        Directory.CreateDirectory(blobs);
        var config = Put(
            JsonSerializer.SerializeToUtf8Bytes(
                new
                {
                    architecture = Architecture,
                    os = "linux",
                    config = new
                    {
                        Entrypoint,
                        Cmd,
                        Env,
                        User,
                    },
                    rootfs = new { type = "layers", diff_ids = _diffIds },
                }
            )
        );
        var manifest = Put(
            JsonSerializer.SerializeToUtf8Bytes(
                new
                {
                    schemaVersion = 2,
                    mediaType = "application/vnd.oci.image.manifest.v1+json",
                    config = new
                    {
                        mediaType = "application/vnd.oci.image.config.v1+json",
                        digest = config.Digest,
                        size = config.Size,
                    },
                    layers = _layers
                        .Select(l => Put(l))
                        .Select(l => new
                        {
                            mediaType = Compressed
                                ? "application/vnd.oci.image.layer.v1.tar+gzip"
                                : "application/vnd.oci.image.layer.v1.tar",
                            digest = l.Digest,
                            size = l.Size,
                        }),
                }
            )
        );
        System.IO.File.WriteAllText(Path.Combine(directory, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
        System.IO.File.WriteAllBytes(
            Path.Combine(directory, "index.json"),
            JsonSerializer.SerializeToUtf8Bytes(
                new
                {
                    schemaVersion = 2,
                    manifests = new[]
                    {
                        new
                        {
                            mediaType = "application/vnd.oci.image.manifest.v1+json",
                            digest = manifest.Digest,
                            size = manifest.Size,
                            annotations = new Dictionary<string, string> { ["org.opencontainers.image.ref.name"] = name },
                        },
                    },
                }
            )
        );
        return directory;

        (string Digest, int Size) Put(byte[] content)
        {
            var digest = Digest(content);
            System.IO.File.WriteAllBytes(Path.Combine(blobs, digest["sha256:".Length..]), content);
            return (digest, content.Length);
        }
    }

    private static string Digest(byte[] content) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(content));
}
