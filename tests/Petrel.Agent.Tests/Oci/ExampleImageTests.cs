using Petrel.Agent.Runtimes;

namespace Petrel.Agent.Tests.Oci;

/// <summary>
/// Runs the images that <c>images/build</c> makes. They take a minute to build: PETREL_IMAGES names the folder that holds them.
/// </summary>
public sealed class ExampleImageTests
{
    private static readonly CancellationToken None = CancellationToken.None;
    private static readonly string? Folder = Environment.GetEnvironmentVariable("PETREL_IMAGES");

    [Fact]
    public async Task The_guestbook_keeps_entries_in_redis_and_ends_cleanly()
    {
        await using var bed = await StartAsync("redis-latest", "guestbook-v1", "guestbook-v2");
        var (redisSandbox, _) = await bed.RunAsync(
            bed.Container() with
            {
                Image = "redis",
                Args = ["--requirepass", "secret"],
            },
            bed.Pod("redis")
        );
        var redis = (await bed.Runtime.ListSandboxesAsync(None)).Single(s => s.Id == redisSandbox).Addresses[0];
        var (sandbox, id) = await bed.RunAsync(Guestbook(bed, "guestbook:v1", redis), bed.Pod("web"));
        var page = $"http://{(await bed.Runtime.ListSandboxesAsync(None)).Single(s => s.Id == sandbox).Addresses[0]}:8080";
        using var http = new HttpClient();
        await OciTestBed.UntilAsync(() => AnswersAsync(http, page + "/readyz"));
        await OciTestBed.UntilAsync(async () =>
            (await http.PostAsync(page + "/entries", new StringContent("first <b>"))).IsSuccessStatusCode
        );
        Assert.Equal("""["first \u003Cb\u003E"]""", await http.GetStringAsync(page + "/entries"));
        var html = await http.GetStringAsync(page);
        Assert.Contains("first &lt;b&gt;", html, StringComparison.Ordinal);
        Assert.Contains("guestbook v1 on web", html, StringComparison.Ordinal);

        // Redis goes: the page stays, with a notice, and soon.
        await bed.Runtime.RemoveSandboxAsync(redisSandbox, None);
        var began = TimeProvider.System.GetTimestamp();
        Assert.Contains("cannot be read", await http.GetStringAsync(page), StringComparison.Ordinal);
        Assert.True(TimeProvider.System.GetElapsedTime(began) < TimeSpan.FromSeconds(2), "the page must not wait for Redis");

        // SIGTERM: not ready, still answering, then exit 0.
        var stopping = bed.Runtime.StopContainerAsync(id, TimeSpan.FromSeconds(10), None).AsTask();
        await OciTestBed.UntilAsync(async () => !await AnswersAsync(http, page + "/readyz"));
        Assert.True(await AnswersAsync(http, page + "/version"), "it answers while it drains");
        await stopping;
        Assert.Equal((0, "Completed"), ((await bed.StatusAsync(id)).ExitCode, (await bed.StatusAsync(id)).Reason));

        var (second, _) = await bed.RunAsync(Guestbook(bed, "guestbook:v2", redis), bed.Pod("web2"));
        page = $"http://{(await bed.Runtime.ListSandboxesAsync(None)).Single(s => s.Id == second).Addresses[0]}:8080";
        await OciTestBed.UntilAsync(() => AnswersAsync(http, page + "/readyz"));
        Assert.Equal("v2", (await http.GetStringAsync(page + "/version")).Trim());
    }

    [Fact]
    public async Task Nginx_serves_its_page()
    {
        await using var bed = await StartAsync("nginx-latest");
        var spec = bed.Container() with { Image = "nginx" };
        var (_, id) = await bed.RunAsync(spec);
        var page = $"http://{(await bed.Runtime.ListSandboxesAsync(None)).Single().Addresses[0]}/";
        using var http = new HttpClient();
        await OciTestBed.UntilAsync(() => AnswersAsync(http, page));
        Assert.Contains("Welcome to nginx", await http.GetStringAsync(page), StringComparison.Ordinal);
        await bed.Runtime.StopContainerAsync(id, TimeSpan.FromSeconds(10), None);
        Assert.Equal(0, (await bed.StatusAsync(id)).ExitCode);
        Assert.Contains("GET / HTTP/1.1", OciTestBed.Text(spec), StringComparison.Ordinal);
    }

    private static ContainerSpec Guestbook(OciTestBed bed, string image, string redis) =>
        bed.Container() with
        {
            Image = image,
            Environment = [new("REDIS_HOST", redis), new("REDIS_PASSWORD", "secret"), new("DRAIN_SECONDS", "1")],
            Security = new ContainerSecurity
            {
                RunAsNonRoot = true,
                ReadOnlyRootFilesystem = true,
                NoNewPrivileges = true,
                DropCapabilities = ["ALL"],
            },
        };

    private static async Task<OciTestBed> StartAsync(params string[] images)
    {
        Assert.SkipWhen(Folder is null, "PETREL_IMAGES does not name a folder with the built images");
        var bed = await OciTestBed.StartAsync();
        foreach (var image in images)
        {
            await bed.Images.ImportAsync(Path.Combine(Folder!, image + ".tar"), None);
        }
        return bed;
    }

    private static async Task<bool> AnswersAsync(HttpClient http, string url)
    {
        try
        {
            return (await http.GetAsync(url)).IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
