using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Petrel.Agent.Images;
using Petrel.Agent.Runtimes;
using Petrel.Model.Determinism;

namespace Petrel.Agent.Tests.Images;

/// <summary>
/// Pulls from Debian's docker-registry, to which skopeo pushed; and from a small server of our own where a fault is wanted.
/// </summary>
public sealed class RegistryTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("petrel-registry-");
    private Process? _registry;

    public RegistryTests()
    {
        Assert.SkipWhen(Environment.UserName != "root", "owners and devices of layers need root");
        Assert.SkipWhen(Oci.TestNode.Find("skopeo") is null, "skopeo is not installed");
        Assert.SkipWhen(Oci.TestNode.Find("docker-registry") is null, "docker-registry is not installed");
    }

    public void Dispose()
    {
        if (_registry is not null)
        {
            _registry.Kill();
            _registry.WaitForExit();
            _registry.Dispose();
        }
        if (_directory.Exists)
        {
            _directory.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task An_image_is_pulled_by_tag_and_by_digest()
    {
        var registry = await StartRegistryAsync();
        Push($"{registry}/team/app:v1");
        using var store = NewStore("one");
        var image = await store.PullAsync($"{registry}/team/app:v1", None);
        Assert.Equal("hello", File.ReadAllText(store.Load($"{registry}/team/app:v1")!.Layers.Single() + "/etc/motd"));
        var byDigest = image.References.Single(r => r.Contains('@'));
        using var other = NewStore("two");
        Assert.Equal(image.Id, (await other.PullAsync(byDigest, None)).Id);
        Assert.Equal(image.Id, other.Find(byDigest)!.Id);
    }

    [Fact]
    public async Task What_the_registry_refuses_is_told_in_its_words()
    {
        var registry = await StartRegistryAsync();
        using var store = NewStore("one");
        var absent = await Assert.ThrowsAsync<RuntimeException>(() => store.PullAsync($"{registry}/no/such:v1", None).AsTask());
        Assert.Equal("ErrImagePull", absent.Reason);
        Assert.Contains("MANIFEST_UNKNOWN", absent.Message, StringComparison.Ordinal);
        var invalid = await Assert.ThrowsAsync<RuntimeException>(() => store.PullAsync("Not A Name", None).AsTask());
        Assert.Equal("InvalidImageName", invalid.Reason);
        var away = await Assert.ThrowsAsync<RuntimeException>(() => store.PullAsync($"127.0.0.1:{FreePort()}/app:v1", None).AsTask());
        Assert.Equal("ErrImagePull", away.Reason);
    }

    [Fact]
    public async Task A_token_is_fetched_and_an_interrupted_blob_is_resumed()
    {
        var layout = TestImage.Busybox().WriteLayout(PathOf("layout"), "app");
        using var server = new FaultyRegistry(layout);
        using var store = NewStore("one");
        await store.PullAsync($"127.0.0.1:{server.Port}/app:v1", None);
        Assert.True(server.TokensGiven == 1, "the token is asked for once");
        Assert.True(server.Resumed > 0, "a cut transfer goes on where it stopped");
        Assert.NotNull(store.Find($"127.0.0.1:{server.Port}/app:v1"));
    }

    [Fact]
    public async Task A_blob_that_is_longer_than_its_manifest_says_is_not_taken_whole()
    {
        var layout = TestImage.Busybox().WriteLayout(PathOf("layout"), "app");
        using var server = new FaultyRegistry(layout) { Excess = 1 << 20 };
        using var store = NewStore("one");
        var refused = await Assert.ThrowsAsync<RuntimeException>(() => store.PullAsync($"127.0.0.1:{server.Port}/app:v1", None).AsTask());
        Assert.Equal("ErrImagePull", refused.Reason);
        Assert.Contains("is longer than the", refused.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(PathOf("one/scratch")));
    }

    private void Push(string reference)
    {
        new TestImage { Cmd = ["x"] }
            .Layer(TestImage.Folder("etc"), TestImage.File("etc/motd", "hello"))
            .WriteLayout(PathOf("push"), "latest");
        ImageStoreTests.Run(
            "skopeo",
            "copy",
            "--insecure-policy",
            "--dest-tls-verify=false",
            $"oci:{PathOf("push")}:latest",
            $"docker://{reference}"
        );
    }

    private async Task<string> StartRegistryAsync()
    {
        var port = FreePort();
        await File.WriteAllTextAsync(
            PathOf("registry.yml"),
            $"version: 0.1\nstorage:\n  filesystem:\n    rootdirectory: {PathOf("data")}\nhttp:\n  addr: "
                + $"127.0.0.1:{port}\nlog:\n  level: error\n"
        );
        _registry = Process.Start(
            new ProcessStartInfo(Oci.TestNode.Find("docker-registry")!, ["serve", PathOf("registry.yml")])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            }
        )!;
        _registry.OutputDataReceived += (_, _) => { };
        _registry.ErrorDataReceived += (_, _) => { };
        _registry.BeginOutputReadLine();
        _registry.BeginErrorReadLine();
        using var http = new HttpClient();
        await Oci.OciTestBed.UntilAsync(async () =>
        {
            try
            {
                return (await http.GetAsync($"http://127.0.0.1:{port}/v2/")).IsSuccessStatusCode;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
        return $"127.0.0.1:{port}";
    }

    private string PathOf(string name) => Path.Combine(_directory.FullName, name);

    private ImageStore NewStore(string name) =>
        new(
            PathOf(name),
            new SeededEntropy((ulong)Random.Shared.NextInt64()),
            new RegistrySettings { RetryDelay = TimeSpan.FromMilliseconds(10) },
            TimeProvider.System
        );

    internal static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Wants a token, and cuts the first transfer of every blob in the middle.</summary>
    private sealed class FaultyRegistry : IDisposable
    {
        private readonly HttpListener _listener = new();
        private readonly string _layout;
        private readonly HashSet<string> _seen = [];
        private readonly Task _loop;

        public FaultyRegistry(string layout)
        {
            _layout = layout;
            Port = FreePort();
            _listener.Prefixes.Add($"http://127.0.0.1:{Port}/");
            _listener.Start();
            _loop = RunAsync();
        }

        public int Port { get; }
        public int TokensGiven { get; private set; }
        public int Resumed { get; private set; }

        /// <summary>The number of bytes that follow each blob and do not belong to it.</summary>
        public int Excess { get; init; }

        public void Dispose()
        {
            _listener.Close();
            _loop.GetAwaiter().GetResult();
        }

        private async Task RunAsync()
        {
            while (true)
            {
                HttpListenerContext context;
                try
                {
                    context = await _listener.GetContextAsync();
                }
                catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
                {
                    return;
                }
                Answer(context);
            }
        }

        private void Answer(HttpListenerContext context)
        {
            var path = context.Request.Url!.AbsolutePath;
            var response = context.Response;
            if (path == "/token")
            {
                TokensGiven++;
                Write(response, """{"token":"open-sesame"}"""u8.ToArray());
                return;
            }
            if (context.Request.Headers["Authorization"] != "Bearer open-sesame")
            {
                response.StatusCode = 401;
                response.Headers["WWW-Authenticate"] =
                    $"Bearer realm=\"http://127.0.0.1:{Port}/token\",service=\"test\",scope=\"repository:app:pull\"";
                response.Close();
                return;
            }
            if (path.Contains("/manifests/", StringComparison.Ordinal))
            {
                using var index = System.Text.Json.JsonDocument.Parse(File.ReadAllText(Path.Combine(_layout, "index.json")));
                response.ContentType = "application/vnd.oci.image.manifest.v1+json";
                Write(response, Blob(index.RootElement.GetProperty("manifests")[0].GetProperty("digest").GetString()!));
                return;
            }
            var digest = path[(path.LastIndexOf('/') + 1)..];
            var content = Blob(digest);
            if (_seen.Add(digest))
            {
                response.ContentLength64 = content.Length;
                response.OutputStream.Write(content, 0, content.Length / 2);
                response.Abort();
                return;
            }
            var from = int.Parse(context.Request.Headers["Range"]?.Split('=', '-')[1] ?? "0");
            if (from > 0)
            {
                Resumed++;
                response.StatusCode = 206;
            }
            Write(response, [.. content[from..], .. new byte[Excess]]);
        }

        private byte[] Blob(string digest) => File.ReadAllBytes(Path.Combine(_layout, "blobs", "sha256", digest["sha256:".Length..]));

        private static void Write(HttpListenerResponse response, byte[] content)
        {
            response.ContentLength64 = content.Length;
            response.OutputStream.Write(content);
            response.Close();
        }
    }
}
