using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Petrel.Agent.Tests.Images;

/// <summary>The script <c>images/build</c> and what it puts into images beside Debian's programs.</summary>
public sealed class ImageBuildTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("petrel-image-build-");

    public ImageBuildTests() => Assert.SkipWhen(Oci.TestNode.Find("busybox") is null, "busybox is not installed");

    [Theory]
    [InlineData("tar", "busybox")]
    [InlineData("sha256sum", "busybox")]
    [InlineData("gzip", "busybox")]
    public async Task A_program_that_fails_is_named_in_the_last_line(string program, string image)
    {
        var fake = Path.Combine(_directory.FullName, program);
        await File.WriteAllTextAsync(fake, "#!/bin/sh\nexit 137\n");
        File.SetUnixFileMode(fake, (UnixFileMode)0b111_101_101);

        var (code, output) = await RunAsync(
            Path.Combine(Repository, "images", "build"),
            [_directory.CreateSubdirectory("out").FullName, image]
        );

        Assert.NotEqual(0, code);
        var last = output.TrimEnd().Split('\n')[^1];
        Assert.StartsWith($"images/build: FAILED while building {image} (exit code 137)", last, StringComparison.Ordinal);
        Assert.Contains(program, last, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-T", "5", "-qO-")]
    [InlineData("-qT", "5", "-O", "-")]
    [InlineData("-T5", "-q", "-O-")]
    [InlineData("--timeout=5", "-qO-")]
    [InlineData("-qO-")]
    public async Task The_images_wget_fetches_with_and_without_a_time_limit(params string[] options)
    {
        using var listener = Listen();
        var answer = AnswerAsync(listener);

        var (code, output) = await WgetAsync(listener, options);

        Assert.Equal((0, "hello"), (code, output));
        await answer;
    }

    [Fact]
    public async Task The_images_wget_ends_at_its_time_limit()
    {
        using var listener = Listen();
        var (code, output) = await WgetAsync(listener, "-T", "1", "-qO-");
        Assert.Equal(1, code);
        Assert.EndsWith("wget: download timed out\n", output, StringComparison.Ordinal);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static string Repository
    {
        get
        {
            var directory = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(directory, "Petrel.slnx")))
            {
                directory = Path.GetDirectoryName(directory)!;
            }
            return directory;
        }
    }

    private static TcpListener Listen()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener;
    }

    private static async Task AnswerAsync(TcpListener listener)
    {
        using var client = await listener.AcceptTcpClientAsync();
        var stream = client.GetStream();
        var read = new StringBuilder();
        var buffer = new byte[1024];
        while (!read.ToString().Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            read.Append(Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer)));
        }
        await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello"u8.ToArray());
    }

    private Task<(int ExitCode, string Output)> WgetAsync(TcpListener listener, params string[] options) =>
        RunAsync(
            Path.Combine(Repository, "images", "busybox", "wget"),
            [.. options, $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/"]
        );

    private async Task<(int ExitCode, string Output)> RunAsync(string program, string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PATH"] = $"{_directory.FullName}:/usr/sbin:/usr/bin:/sbin:/bin";
        // The images have busybox's program of that name.
        File.WriteAllText(Path.Combine(_directory.FullName, "timeout"), "#!/bin/sh\nexec busybox timeout \"$@\"\n");
        File.SetUnixFileMode(Path.Combine(_directory.FullName, "timeout"), (UnixFileMode)0b111_101_101);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var errors = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output + await errors);
    }
}
