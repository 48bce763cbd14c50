using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Petrel.Cli.Tests.Commands;

public sealed class ImageTests
{
    [Fact]
    public async Task A_layout_folder_an_archive_and_a_compressed_archive_load()
    {
        using var scratch = new Scratch();
        var layout = scratch.At("layout");
        WriteLayout(layout);
        var archive = scratch.At("image.tar");
        await TarFile.CreateFromDirectoryAsync(layout, archive, includeBaseDirectory: false);
        // The content says what it is, whatever the name.
        var compressed = scratch.At("image.bin");
        await using (var target = new GZipStream(File.Create(compressed), CompressionLevel.Fastest))
        {
            await target.WriteAsync(await File.ReadAllBytesAsync(archive));
        }

        foreach (var (path, index) in new[] { layout, archive, compressed }.Select((path, index) => (path, index)))
        {
            var data = scratch.At($"data{index}");
            var load = await CommandLine.RunAsync("image", "load", path, "--data", data);
            Assert.True(load.ExitCode == 0, load.Errors);
            var list = await CommandLine.RunAsync("image", "list", "-o", "json", "--data", data);
            var image = Assert.Single(JsonNode.Parse(list.Output)!.AsArray())!;
            Assert.Contains("docker.io/library/tiny:v1", image["references"]!.AsArray().Select(r => r!.GetValue<string>()));
        }
    }

    [Fact]
    public async Task What_is_no_image_is_refused_in_one_line()
    {
        using var scratch = new Scratch();
        var folder = scratch.At("folder");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(scratch.At("text"), "no archive");
        await File.WriteAllBytesAsync(scratch.At("image.tar.zst"), [0x28, 0xb5, 0x2f, 0xfd, 0, 0]);
        foreach (
            var (path, expected) in new[]
            {
                (folder, "not an OCI image layout"),
                (scratch.At("text"), "cannot import"),
                (scratch.At("image.tar.zst"), "unzstd"),
                (scratch.At("absent"), "no such file or folder"),
            }
        )
        {
            var line = (await CommandLine.RunAsync("image", "load", path, "--data", scratch.At("data"))).SingleError();
            Assert.Contains(expected, line);
            Assert.Contains(path, line);
        }
    }

    private static void WriteLayout(string folder)
    {
        var blobs = Directory.CreateDirectory(Path.Combine(folder, "blobs", "sha256")).FullName;
        var tar = new MemoryStream();
        using (var writer = new TarWriter(tar, leaveOpen: true))
        {
            writer.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "hello") { DataStream = new MemoryStream("ahoy"u8.ToArray()) });
        }
        var layer = Put(blobs, tar.ToArray());
        var architecture = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? "amd64" : "arm64";
        var rootfs = $$"""{"type":"layers","diff_ids":["{{layer.Digest}}"]}""";
        var config = Put(blobs, Encoding.UTF8.GetBytes($$"""{"architecture":"{{architecture}}","os":"linux","rootfs":{{rootfs}} }"""));
        var manifest = Put(
            blobs,
            Encoding.UTF8.GetBytes(
                $$"""
                {
                  "schemaVersion": 2,
                  "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": "{{config.Digest}}",
                             "size": {{config.Size}} },
                  "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", "digest": "{{layer.Digest}}", "size": {{layer.Size}} }]
                }
                """
            )
        );
        File.WriteAllText(
            Path.Combine(folder, "index.json"),
            $$"""
            {"schemaVersion": 2, "manifests": [{"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "{{manifest.Digest}}",
             "size": {{manifest.Size}}, "annotations": {"io.containerd.image.name": "docker.io/library/tiny:v1"} }]}
            """
        );
        File.WriteAllText(Path.Combine(folder, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}""");
    }

    private static (string Digest, int Size) Put(string blobs, byte[] content)
    {
        var hex = Convert.ToHexStringLower(SHA256.HashData(content));
        File.WriteAllBytes(Path.Combine(blobs, hex), content);
        return ($"sha256:{hex}", content.Length);
    }
}
