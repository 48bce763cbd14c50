using System.Net;

namespace Petrel.EndToEnd.Tests;

/// <summary>The example application on a running cluster, as its visitors see it.</summary>
public sealed class Guestbook(TestCluster cluster) : IDisposable
{
    private readonly HttpClient _http = new() { Timeout = TimeSpan.FromSeconds(5) };

    public static string Manifests { get; } = Path.Combine(Shell.Root, "examples", "guestbook");

    /// <summary>Loads the images into the nodes' store and applies the manifests.</summary>
    public async Task DeployAsync(bool wait = true)
    {
        var load = await cluster.PetrelAsync(["image", "load", .. Images.Archives]);
        Assert.True(load.ExitCode == 0, load.Text);
        await cluster.KubectlAsync("apply", "-f", Manifests);
        if (wait)
        {
            await cluster.KubectlAsync("rollout", "status", "deployment/redis", "--timeout=60s");
            await cluster.KubectlAsync("rollout", "status", "deployment/guestbook", "--timeout=60s");
        }
    }

    public Task<IReadOnlyList<ReadyPod>> ReadyPodsAsync() => cluster.ReadyPodsAsync("app=guestbook,tier=frontend");

    /// <summary>Fetches a page from one pod.</summary>
    public async Task<(HttpStatusCode Status, string Text)> GetAsync(ReadyPod pod, string path = "/")
    {
        using var response = await _http.GetAsync(new Uri($"http://{pod.Address}:8080{path}"));
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Signs the book.</summary>
    public async Task SignAsync(ReadyPod pod, string entry)
    {
        using var response = await _http.PostAsync(
            new Uri($"http://{pod.Address}:8080/entries"),
            new FormUrlEncodedContent([KeyValuePair.Create("entry", entry)])
        );
        Assert.True(response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.SeeOther, $"{response.StatusCode}");
    }

    public void Dispose() => _http.Dispose();
}
