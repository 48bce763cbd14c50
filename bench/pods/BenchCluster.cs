using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Petrel.Client.Http;
using Petrel.LocalCluster;
using Petrel.LocalCluster.Connections;
using Petrel.Model.Api;

namespace Petrel.Bench.Pods;

/// <summary>A cluster of one node, brought up by the built program, and a client that watches its pods.</summary>
internal sealed class BenchCluster : IAsyncDisposable
{
    private readonly string _directory;
    private readonly HttpApiHandler _api;

    private BenchCluster(string directory, HttpApiHandler api)
    {
        _directory = directory;
        _api = api;
    }

    public static async Task<BenchCluster> UpAsync()
    {
        var directory = Directory.CreateTempSubdirectory("petrel-bench-").FullName;
        await PetrelAsync(directory, "up", "--detach", "--nodes", "1", "--port", "0");
        await PetrelAsync(directory, "image", "load", Path.Combine(Root(), "artifacts", "images", "busybox-latest.tar"));
        var cluster = new ClusterDirectory(directory);
        return new(directory, ClusterConnections.OpenAsAdmin(cluster, ClusterSettings.Require(cluster)));
    }

    /// <summary>Creates a pod, waits until a watch shows it Running, deletes it; answers the milliseconds in between.</summary>
    public async Task<double> TimePodAsync(string name)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var watch = await SendAsync(
            "GET",
            "/api/v1/namespaces/default/pods",
            null,
            limit.Token,
            ("watch", "true"),
            ("fieldSelector", $"metadata.name={name}")
        );
        var lines = watch.Stream!.GetAsyncEnumerator(limit.Token);
        try
        {
            var start = Stopwatch.GetTimestamp();
            await SendAsync("POST", "/api/v1/namespaces/default/pods", Manifest(name), limit.Token);
            while (await lines.MoveNextAsync())
            {
                if (Encoding.UTF8.GetString(lines.Current.Span).Contains("\"phase\":\"Running\"", StringComparison.Ordinal))
                {
                    break;
                }
            }
            var elapsed = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
            await SendAsync("DELETE", $"/api/v1/namespaces/default/pods/{name}", null, limit.Token, ("gracePeriodSeconds", "1"));
            while (await lines.MoveNextAsync())
            {
                if (Encoding.UTF8.GetString(lines.Current.Span).Contains("\"type\":\"DELETED\"", StringComparison.Ordinal))
                {
                    break;
                }
            }
            return elapsed;
        }
        finally
        {
            await lines.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        _api.Dispose();
        await PetrelAsync(_directory, "down");
        Directory.Delete(_directory, recursive: true);
    }

    private async Task<ApiResponse> SendAsync(
        string method,
        string path,
        string? body,
        CancellationToken cancellationToken,
        params (string Name, string Value)[] query
    )
    {
        var response = await _api.HandleAsync(
            new ApiRequest
            {
                Method = method,
                Path = path,
                Query = [.. query.Select(q => KeyValuePair.Create(q.Name, q.Value))],
                ContentType = "application/json",
                Body = body is null ? default : Encoding.UTF8.GetBytes(body),
            },
            cancellationToken
        );
        return response.IsSuccess ? response : throw new InvalidOperationException($"{method} {path}: {response.BodyText}");
    }

    private static string Manifest(string name) =>
        JsonSerializer.Serialize(
            new
            {
                apiVersion = "v1",
                kind = "Pod",
                metadata = new { name },
                spec = new
                {
                    terminationGracePeriodSeconds = 1,
                    containers = new[]
                    {
                        new
                        {
                            name = "main",
                            image = "busybox",
                            imagePullPolicy = "IfNotPresent",
                            command = new[] { "sleep", "1000" },
                        },
                    },
                },
            }
        );

    private static async Task PetrelAsync(string directory, params string[] arguments)
    {
        var start = new ProcessStartInfo(Path.Combine(Root(), "petrel"), [.. arguments, "--data", directory])
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start)!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"petrel {string.Join(' ', arguments)} failed:\n{output}");
        }
    }

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Petrel.slnx")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("Run from the repository.");
        }
        return folder.FullName;
    }
}
